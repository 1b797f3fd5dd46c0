import type { CloudClock } from './clock.ts';
import { createFaultBook, matchesPattern } from './fault-book.ts';
import type { FaultBook, Hits } from './fault-book.ts';

/** What a programmed fault does to a call. */
export type CallEffect =
  /** Answers with this status instead. `when: 'after'` lets the call have its effect first: an error after the fact. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string | undefined;
      readonly retryAfterSeconds?: number | undefined;
      readonly when?: 'before' | 'after' | undefined;
    }
  /** Cuts the connection before the call has any effect, or after it, so that the client cannot know which. */
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  /** Answers as usual, this much later. */
  | { readonly kind: 'slow'; readonly ms: number };

export interface CallFault extends Hits {
  /** A route's name, or a pattern with `*`: `cinder.volumes.create`, `nova.*`, `*`. `GET /admin/routes` lists the names. */
  readonly route: string;
  readonly effect: CallEffect;
}

/** A service that does not answer: `refuse` says 503, `drop` cuts every connection. */
export interface Outage {
  /** A service (`cinder`), or `*` for the whole cloud. */
  readonly service: string;
  readonly mode: 'refuse' | 'drop';
  /** Ends by itself after so long; without it, when it is ended. */
  readonly forMs?: number | undefined;
}

export interface CallFaults extends Omit<FaultBook<CallFault>, 'take'> {
  startOutage(outage: Outage): void;
  /** Ends the outage of a service, or all. */
  endOutage(service?: string): void;
  outages(): readonly Outage[];
  /** The effect on this call, if any. An outage comes before a fault. */
  take(service: string, route: string): { readonly id: string; readonly effect: CallEffect } | undefined;
}

export function createCallFaults(clock: CloudClock): CallFaults {
  const { take: takeFault, ...book } = createFaultBook<CallFault>('call-fault');
  const outages = new Map<string, { readonly outage: Outage; readonly endsAt: number }>();

  function outageOf(...services: readonly string[]): Outage | undefined {
    return services.map((service) => outages.get(service)).find((entry) => entry !== undefined && entry.endsAt > clock.now())?.outage;
  }

  return {
    ...book,
    startOutage: (outage) => void outages.set(outage.service, { outage, endsAt: clock.now() + (outage.forMs ?? Infinity) }),
    endOutage: (service) => (service === undefined ? outages.clear() : void outages.delete(service)),
    outages: () => [...outages.keys()].map((service) => outageOf(service)).filter((outage) => outage !== undefined),
    take(service, route) {
      const outage = outageOf(service, '*');
      if (outage !== undefined) return { id: `outage-${outage.service}`, effect: effectOf(outage) };
      const taken = takeFault((fault) => matchesPattern(fault.route, route));
      return taken === undefined ? undefined : { id: taken.id, effect: taken.fault.effect };
    },
  };
}

function effectOf(outage: Outage): CallEffect {
  return outage.mode === 'drop'
    ? { kind: 'drop', when: 'before' }
    : { kind: 'status', status: 503, message: 'The service is unavailable.' };
}
