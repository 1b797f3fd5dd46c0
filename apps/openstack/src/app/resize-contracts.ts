/** Another flavour, in the two acts of the cloud. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';

const id = z.string().min(1);
const byId = z.object({ backendId: id });
const common = { pool: 'openstack', idempotent: 'yes', input: byId } as const;

export const resizeServer = defineTask({ ...common, name: 'openstack.server.resize', input: byId.extend({ flavor: id }) });
/** The flavour of the row is the new one from here on: it cannot be taken back any more. */
export const confirmResize = defineTask({ ...common, name: 'openstack.server.resize.confirm', input: byId.extend({ flavor: id }) });
/** Waits for a resize that is under way; there is nothing to revert where none has happened. */
export const revertResize = defineTask({ ...common, name: 'openstack.server.resize.revert' });

export const resizeTasks = [resizeServer, confirmResize, revertResize];
