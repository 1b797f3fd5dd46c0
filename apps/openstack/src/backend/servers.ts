import { z } from 'zod';
import { isBackendError } from './errors.ts';
import { remove, unlessMissing } from './removal.ts';
import type { Removal } from './removal.ts';
import { newServer, serverBody, serverSchema } from './server.ts';
import type { NewServer, Server } from './server.ts';
import type { CallOptions, Session } from './session.ts';
import { findOrCreate, tokenTag, withToken } from './tokens.ts';
import type { Made } from './tokens.ts';
import type { VolumeCalls } from './volumes.ts';

/** `requested`: the cloud has begun. `underWay`: it had begun before. `alreadySo`: there is nothing to do. */
export type PowerChange = 'requested' | 'underWay' | 'alreadySo';

export interface ServerCalls {
  /** Finds the server of this token or creates it. May be called again after any failure. */
  createServer(wanted: NewServer, options?: CallOptions): Promise<Made<Server>>;
  findServerByToken(token: string, options?: CallOptions): Promise<Server | undefined>;
  /** @throws BackendError `not_found` */
  getServer(id: string, options?: CallOptions): Promise<Server>;
  /** Undefined if there is no such server. */
  findServer(id: string, options?: CallOptions): Promise<Server | undefined>;
  /** Success also if it is gone. */
  deleteServer(id: string, options?: CallOptions): Promise<Removal>;
  /** @throws BackendError `conflict` if the server is neither stopped nor started */
  startServer(id: string, options?: CallOptions): Promise<PowerChange>;
  stopServer(id: string, options?: CallOptions): Promise<PowerChange>;
  rebootServer(id: string, type: 'SOFT' | 'HARD', options?: CallOptions): Promise<PowerChange>;
  /** Ends in VERIFY_RESIZE, where it is to be confirmed or reverted. @throws BackendError `bad_request` for its own flavor */
  resizeServer(id: string, flavorId: string, options?: CallOptions): Promise<PowerChange>;
  /**
   * Ends in the state before the resize. `alreadySo` also if the resize was reverted: Nova tells no difference.
   * @throws BackendError `bad_request` also while an earlier confirm is under way, which shows in nothing else
   */
  confirmResize(id: string, options?: CallOptions): Promise<PowerChange>;
  revertResize(id: string, options?: CallOptions): Promise<PowerChange>;
  /** Success also if no port of the server is in the group. */
  leaveSecurityGroup(serverId: string, groupId: string, options?: CallOptions): Promise<Removal>;
  /** Success also if it is attached, or on its way. */
  attachVolume(serverId: string, volumeId: string, options?: CallOptions & { readonly device?: string | undefined }): Promise<PowerChange>;
  /** Success also if the volume is not attached, or on its way. */
  detachVolume(serverId: string, volumeId: string, options?: CallOptions): Promise<Removal>;
}

const one = z.object({ server: serverSchema });
const many = z.object({ servers: z.array(serverSchema) });
const created = z.object({ server: z.object({ id: z.string() }) });

/** Which state, with which task under way, means that an action has nothing to do. */
interface Goal {
  readonly isReached: (server: Server) => boolean;
  readonly tasks: readonly string[];
}

const started: Goal = { isReached: (server) => server.state === 'ACTIVE', tasks: ['powering-on'] };
const stopped: Goal = { isReached: (server) => server.state === 'SHUTOFF' || server.state === 'STOPPED', tasks: ['powering-off'] };
/** A reboot is never "already so": a server that was just rebooted looks like one that never was. */
const rebooted: Goal = {
  isReached: () => false,
  tasks: ['rebooting', 'reboot_pending', 'reboot_started', 'rebooting_hard', 'reboot_pending_hard', 'reboot_started_hard'],
};

const resizing = ['resize_prep', 'resize_migrating', 'resize_migrated', 'resize_finish'];
const resized: Goal = { isReached: (server) => server.state === 'VERIFY_RESIZE', tasks: resizing };
const settled: Goal = { isReached: (server) => server.state === 'ACTIVE' || server.state === 'SHUTOFF', tasks: ['resize_reverting'] };

export function createServerCalls(session: Session, { findVolume }: Pick<VolumeCalls, 'findVolume'>): ServerCalls {
  const pathOf = (id: string): string => `/servers/${encodeURIComponent(id)}`;

  async function getServer(id: string, { signal }: CallOptions = {}): Promise<Server> {
    const { server } = await session.call({ service: 'compute', method: 'GET', path: pathOf(id), signal }, one);
    return server;
  }

  async function findServerByToken(token: string, { signal }: CallOptions = {}): Promise<Server | undefined> {
    const query = { tags: tokenTag(token) };
    const { servers } = await session.call({ service: 'compute', method: 'GET', path: '/servers/detail', query, signal }, many);
    return servers.filter((server) => server.token === token).at(-1);
  }

  async function createServer(wanted: NewServer, options: CallOptions): Promise<Server> {
    const server = { ...serverBody(wanted), metadata: withToken(wanted.metadata, wanted.token), tags: [tokenTag(wanted.token)] };
    const { serverGroupId: group } = wanted;
    const body = { server, ...(group === undefined ? {} : { 'os:scheduler_hints': { group } }) };
    const answer = await session.call({ service: 'compute', method: 'POST', path: '/servers', body, ...options }, created);
    return newServer(answer.server.id, server.metadata, wanted);
  }

  /** Nova answers 409 to an action in the wrong state and names it in prose only; so we look which state it is. */
  async function act(id: string, body: unknown, goal: Goal, options: CallOptions): Promise<PowerChange> {
    try {
      await session.send({ service: 'compute', method: 'POST', path: `${pathOf(id)}/action`, body, ...options });
      return 'requested';
    } catch (error) {
      if (!isBackendError(error, 'conflict')) throw error;
      const server = await getServer(id, options);
      if (server.taskState !== undefined && goal.tasks.includes(server.taskState)) return 'underWay';
      if (server.taskState === undefined && goal.isReached(server)) return 'alreadySo';
      throw error;
    }
  }

  return {
    getServer,
    findServerByToken,
    findServer: (id, options) => unlessMissing(getServer(id, options)),
    createServer: (wanted, options = {}) =>
      findOrCreate(
        () => findServerByToken(wanted.token, options),
        () => createServer(wanted, options),
      ),
    deleteServer: (id, options = {}) =>
      remove(
        () => session.send({ service: 'compute', method: 'DELETE', path: pathOf(id), ...options }),
        async () => {
          const server = await unlessMissing(getServer(id, options));
          if (server === undefined) return 'gone';
          return server.taskState === 'deleting' ? 'underWay' : undefined;
        },
      ),
    resizeServer: (id, flavorRef, options = {}) => act(id, { resize: { flavorRef } }, resized, options),
    confirmResize: (id, options = {}) => act(id, { confirmResize: null }, settled, options),
    revertResize: (id, options = {}) => act(id, { revertResize: null }, settled, options),
    startServer: (id, options = {}) => act(id, { 'os-start': null }, started, options),
    stopServer: (id, options = {}) => act(id, { 'os-stop': null }, stopped, options),
    rebootServer: (id, type, options = {}) => act(id, { reboot: { type } }, rebooted, options),
    leaveSecurityGroup: (id, name, options = {}) =>
      remove(
        () =>
          session.send({
            service: 'compute',
            method: 'POST',
            path: `${pathOf(id)}/action`,
            body: { removeSecurityGroup: { name } },
            ...options,
          }),
        () => Promise.resolve(undefined),
      ),
    async attachVolume(serverId, volumeId, { device, signal } = {}) {
      const body = { volumeAttachment: { volumeId, device } };
      try {
        await session.send({ service: 'compute', method: 'POST', path: `${pathOf(serverId)}/os-volume_attachments`, body, signal });
        return 'requested';
      } catch (error) {
        if (!isBackendError(error, 'bad_request', 'conflict')) throw error;
        const [server, volume] = [await getServer(serverId, { signal }), await findVolume(volumeId, { signal })];
        if (volume?.attachments.some((attachment) => attachment.serverId === serverId) === true) return 'alreadySo';
        if (server.volumeIds.includes(volumeId)) return 'underWay';
        throw error;
      }
    },
    detachVolume: (serverId, volumeId, options = {}) =>
      remove(
        () =>
          session.send({
            service: 'compute',
            method: 'DELETE',
            path: `${pathOf(serverId)}/os-volume_attachments/${encodeURIComponent(volumeId)}`,
            ...options,
          }),
        async () => {
          const volume = await findVolume(volumeId, options);
          if (volume === undefined || !volume.attachments.some((attachment) => attachment.serverId === serverId)) return 'gone';
          return volume.status === 'detaching' ? 'underWay' : undefined;
        },
      ),
  };
}
