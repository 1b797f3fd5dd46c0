/** F8: another flavour. */
import { chain, createExecutor, type ExecutorDefinition, nothing, poll, step, undoable } from '@troupe/executor';
import { z } from 'zod';
import * as looks from '../contracts.ts';
import { Instance } from '../kinds.ts';
import type { FullPace } from '../pace.ts';
import * as tasks from '../resize-contracts.ts';
import { untilBroken } from './other.ts';

/**
 * A machine that is resized and not confirmed is neither the old one nor the new one: a failure before the confirm takes the resize
 * back. It ends in the state in which it began, which is said by the cloud and not guessed here.
 */
export function changeFlavor({ every }: FullPace): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.instance.changeFlavor',
    family: 'action',
    resource: Instance,
    input: z.object({ flavor: z.string().min(1) }),
    action: 'changeFlavor',
    actionDetails: ({ resource, input }) => ({ old: { flavor: resource?.data.flavor ?? '' }, new: { flavor: input.flavor } }),
    guard: {
      check({ resource: { backendId, data }, input: { flavor } }) {
        if (backendId === '') return 'the instance was never created on the backend';
        return data.flavor === flavor ? `the instance has flavour ${flavor} already` : undefined;
      },
    },
    plan({ resource: { backendId }, input: { flavor } }) {
      const server = { backendId };
      const look = (id: string, runtimeState: ('VERIFY_RESIZE' | 'ACTIVE' | 'SHUTOFF')[]) =>
        poll(id, looks.pullServer, { input: server, until: { runtimeState }, ...untilBroken, every, for: '100m' });
      return chain(
        // noted before the call: one whose answer is lost has resized as well
        undoable(
          nothing(),
          chain(
            // also a resize that is under way is waited for
            look('resized or not', ['VERIFY_RESIZE', 'ACTIVE', 'SHUTOFF']),
            step('revert', tasks.revertResize, server),
            look('reverted', ['ACTIVE', 'SHUTOFF']),
          ),
        ),
        step('resize', tasks.resizeServer, { backendId, flavor }, { transition: 'beginUpdating' }),
        look('resized', ['VERIFY_RESIZE']),
        step('confirm', tasks.confirmResize, { backendId, flavor }),
        // a stopped machine is stopped again, a running one runs: who waits for one word of the two may wait in vain
        look('settled', ['ACTIVE', 'SHUTOFF']),
      );
    },
  });
}
