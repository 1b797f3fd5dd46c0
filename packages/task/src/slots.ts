/**
 * Slots per queue class, with floors and ceilings within one total. What is pulled for counts as taken, so that the total
 * is never passed; the floors of the other classes are kept free, so that no class can take all.
 */
import { type QueueClass, queueClasses, TroupeError } from '@troupe/protocol';

export interface SlotOptions {
  /** Attempts at once in all. Default 40. */
  readonly total?: number;
  readonly regular?: ClassSlots;
  readonly heavy?: ClassSlots;
  readonly background?: ClassSlots;
}

export interface ClassSlots {
  /** Always kept free for the class. */
  readonly floor: number;
  /** Never passed by the class. 0 = this worker does not serve it. */
  readonly ceiling: number;
}

export const slotDefaults = Object.freeze({
  total: 40,
  regular: { floor: 8, ceiling: 32 },
  heavy: { floor: 4, ceiling: 16 },
  background: { floor: 4, ceiling: 16 },
});

export class Slots {
  readonly total: number;
  private readonly limits: Readonly<Record<QueueClass, ClassSlots>>;
  private readonly taken: Record<QueueClass, number> = { regular: 0, heavy: 0, background: 0 };

  constructor(options: SlotOptions = {}) {
    this.total = options.total ?? slotDefaults.total;
    this.limits = {
      regular: options.regular ?? slotDefaults.regular,
      heavy: options.heavy ?? slotDefaults.heavy,
      background: options.background ?? slotDefaults.background,
    };
    let floors = 0;
    for (const cls of queueClasses) {
      const { floor, ceiling } = this.limits[cls];
      if (!Number.isInteger(floor) || !Number.isInteger(ceiling) || floor < 0 || ceiling < floor) {
        throw new TroupeError('invalid_options', `slots.${cls}: floor and ceiling must be whole numbers, 0 <= floor <= ceiling`, {
          field: `slots.${cls}`,
        });
      }
      floors += floor;
    }
    if (!Number.isInteger(this.total) || this.total < 1 || floors > this.total) {
      throw new TroupeError('invalid_options', `slots.total: ${this.total} must be at least 1 and hold the floors (${floors})`, {
        field: 'slots.total',
      });
    }
  }

  serves(cls: QueueClass): boolean {
    return this.limits[cls].ceiling > 0;
  }

  free(cls: QueueClass): number {
    let room = this.total;
    for (const other of queueClasses) {
      room -= other === cls ? this.taken[other] : Math.max(this.taken[other], this.limits[other].floor);
    }
    return Math.max(0, Math.min(room, this.limits[cls].ceiling - this.taken[cls]));
  }

  take(cls: QueueClass, count: number): void {
    this.taken[cls] += count;
  }

  giveBack(cls: QueueClass, count: number): void {
    this.taken[cls] -= count;
  }
}
