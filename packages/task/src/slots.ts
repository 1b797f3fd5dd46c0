/**
 * Slots per queue class, with floors and ceilings within one total. What is asked for counts as taken, so that no more
 * comes than there is room for.
 *
 * The floor of a class is always asked for, by requests that are renewed for ever. Slots above the floors are shared: a
 * class asks for them only while its floor is busy, and by short requests, so that what one class asked for in vain goes
 * to another within their time. Of which something was asked for in vain is *quiet*: it asks for one shared slot at a time,
 * after the others, or now and then in their place; it would else ask again for all that it has just given back, before
 * anybody else does. With each message that comes it may ask for twice as many. So no class can take all slots, and none is
 * refused a slot that nobody uses.
 */
import { type QueueClass, queueClasses } from '@troupe/protocol';
import { onlyKnown, refuse, wholeNumber } from './options.ts';

export interface SlotOptions {
  /** Attempts at once in all. Default 40. Must hold the floors. */
  readonly total?: number;
  /** Default floor 8, ceiling 32. */
  readonly regular?: ClassSlots;
  /** Default floor 4, ceiling 16. */
  readonly heavy?: ClassSlots;
  /** Default floor 4, ceiling 16. */
  readonly background?: ClassSlots;
}

export interface ClassSlots {
  /** Always kept free for the class; at least 1 where the ceiling is. */
  readonly floor: number;
  /** Never passed by the class. 0 = this worker does not serve it. */
  readonly ceiling: number;
}

export const slotDefaults = Object.freeze({
  total: 40,
  regular: Object.freeze({ floor: 8, ceiling: 32 }),
  heavy: Object.freeze({ floor: 4, ceiling: 16 }),
  background: Object.freeze({ floor: 4, ceiling: 16 }),
});

export interface SlotRequest {
  readonly class: QueueClass;
  readonly count: number;
  /** Asked for above the floor, and therefore not for long. */
  readonly shared: boolean;
}

const MAX_SLOTS = 100_000;
/** How long a quiet class lets others go first, before it looks again whether something waits. */
const QUIET_MS = 5_000;
const OPTIONS: Record<keyof SlotOptions, true> = { total: true, regular: true, heavy: true, background: true };

export class Slots {
  readonly total: number;
  private readonly limits: Readonly<Record<QueueClass, ClassSlots>>;
  private readonly running: Record<QueueClass, number> = { regular: 0, heavy: 0, background: 0 };
  private readonly asked: Record<QueueClass, number> = { regular: 0, heavy: 0, background: 0 };
  /** How many shared slots a class may have asked for at once; 1 = it is quiet. */
  private readonly appetite: Record<QueueClass, number> = { regular: MAX_SLOTS, heavy: MAX_SLOTS, background: MAX_SLOTS };
  /** When a quiet class goes first. */
  private readonly dueAtMs: Record<QueueClass, number> = { regular: 0, heavy: 0, background: 0 };
  /** Who is considered first for shared slots; moves on, so that classes take turns. */
  private turn = 0;

  constructor(options: SlotOptions = {}) {
    onlyKnown(options, OPTIONS, 'slots');
    this.total = wholeNumber(options.total ?? slotDefaults.total, 'slots.total', 1, MAX_SLOTS);
    const of = (cls: QueueClass): ClassSlots => options[cls] ?? slotDefaults[cls];
    this.limits = { regular: of('regular'), heavy: of('heavy'), background: of('background') };
    let floors = 0;
    for (const cls of queueClasses) {
      const at = `slots.${cls}`;
      onlyKnown(this.limits[cls], { floor: true, ceiling: true }, at);
      const ceiling = wholeNumber(this.limits[cls].ceiling, `${at}.ceiling`, 0, MAX_SLOTS);
      // a class without a floor could be kept out for as long as the others like
      floors += wholeNumber(this.limits[cls].floor, `${at}.floor`, Math.min(ceiling, 1), ceiling);
    }
    if (floors === 0) refuse('slots', 'serve no class at all');
    if (floors > this.total) refuse('slots.total', `must hold the floors, which are ${floors} together`);
  }

  /** What to ask for now, in monotonic milliseconds; the caller then says {@link ask} for it. */
  wanted(nowMs: number): SlotRequest[] {
    const out: SlotRequest[] = [];
    for (const cls of queueClasses) {
      const count = this.limits[cls].floor - this.taken(cls);
      if (count > 0 && this.isWorthAsking(cls, count)) out.push({ class: cls, count, shared: false });
    }
    let free = this.free();
    for (const equals of this.pressing(nowMs)) {
      for (const [i, cls] of equals.entries()) {
        const others = equals.slice(i + 1);
        // in equal parts, but nobody keeps from another what it could not use itself
        const left = free - others.reduce((sum, other) => sum + this.room(other), 0);
        const count = Math.min(Math.max(Math.ceil(free / (others.length + 1)), left), this.room(cls));
        if (count <= 0) continue;
        // also what is not worth a request yet is kept from those who come later
        free -= count;
        if (!this.isWorthAsking(cls, count)) continue;
        out.push({ class: cls, count, shared: true });
        this.turn = queueClasses.indexOf(cls) + 1;
        this.dueAtMs[cls] = nowMs + QUIET_MS;
      }
    }
    return out;
  }

  ask(cls: QueueClass, count: number): void {
    this.asked[cls] += count;
  }

  /** So many of what was asked for did not come. */
  missed(cls: QueueClass, count: number): void {
    this.asked[cls] -= count;
    if (count > 0) this.appetite[cls] = 1;
  }

  /** Also of what was given up for lost and comes all the same: then more run than were asked for, and fewer are asked for. */
  arrived(cls: QueueClass): void {
    if (this.asked[cls] > 0) this.asked[cls]--;
    this.running[cls]++;
    this.appetite[cls] = Math.min(2 * this.appetite[cls], MAX_SLOTS);
  }

  ended(cls: QueueClass): void {
    this.running[cls]--;
  }

  /** A request per slot would cost as much as the messages; with nothing asked for, anything is worth one. */
  private isWorthAsking(cls: QueueClass, count: number): boolean {
    return this.asked[cls] <= 0 || count * 4 >= this.limits[cls].ceiling;
  }

  /** Who could do with shared slots: quiet classes whose time has come, those who have something, the other quiet ones. */
  private pressing(nowMs: number): QueueClass[][] {
    const ranks: [QueueClass[], QueueClass[], QueueClass[]] = [[], [], []];
    for (let i = 0; i < queueClasses.length; i++) {
      const cls = queueClasses[(i + this.turn) % queueClasses.length]!;
      if (this.running[cls] < this.limits[cls].floor || this.room(cls) <= 0) continue;
      ranks[this.appetite[cls] > 1 ? 1 : nowMs >= this.dueAtMs[cls] ? 0 : 2].push(cls);
    }
    return ranks;
  }

  /** How many shared slots it could do with. */
  private room(cls: QueueClass): number {
    return Math.min(this.limits[cls].ceiling - this.taken(cls), this.appetite[cls] - this.asked[cls]);
  }

  private taken(cls: QueueClass): number {
    return this.running[cls] + this.asked[cls];
  }

  /** Slots above the floors that nobody runs in and nobody asks for. */
  private free(): number {
    let free = this.total;
    for (const cls of queueClasses) free -= Math.max(this.taken(cls), this.limits[cls].floor);
    return free;
  }
}
