import { createFaultBook, matchesPattern } from './fault-book.ts';
import type { FaultBook, Hits } from './fault-book.ts';

/** Everything on the cloud that happens after the answer to the call that caused it. */
export const transitionNames = [
  'volume.create',
  'volume.delete',
  'volume.attach',
  'volume.detach',
  'volume.extend',
  'volume.retype',
  'snapshot.create',
  'snapshot.delete',
  'server.create',
  'server.delete',
  'server.start',
  'server.stop',
  'server.reboot',
  'server.resize',
  'server.confirmResize',
  'server.revertResize',
  'floatingip.activate',
] as const;

export type TransitionName = (typeof transitionNames)[number];

/** How a transition ends when it does not end well. */
export type TransitionOutcome =
  /** In this status: `error`, `error_deleting`, `ERROR`, or a word the API does not know. `message` becomes the server's fault. */
  | { readonly kind: 'status'; readonly status: string; readonly message?: string | undefined }
  /** Shows this status for so long, then comes to its usual end. */
  | { readonly kind: 'detour'; readonly status: string; readonly forMs: number }
  /** The object is gone, as if somebody had removed it behind the API's back. */
  | { readonly kind: 'vanish' }
  /** It never ends. */
  | { readonly kind: 'stuck' };

export interface TransitionFault extends Hits {
  readonly transition: TransitionName;
  /** Name of the object, or a pattern with `*`. Default: any. */
  readonly name?: string | undefined;
  readonly outcome: TransitionOutcome;
}

export interface TransitionFaults extends Omit<FaultBook<TransitionFault>, 'take'> {
  /** Asked once, when a transition begins. */
  take(transition: TransitionName, objectName: string): TransitionOutcome | undefined;
}

export function createTransitionFaults(): TransitionFaults {
  const { take: takeFault, ...book } = createFaultBook<TransitionFault>('transition-fault');
  return {
    ...book,
    take: (transition, objectName) =>
      takeFault((fault) => fault.transition === transition && matchesPattern(fault.name ?? '*', objectName))?.fault.outcome,
  };
}
