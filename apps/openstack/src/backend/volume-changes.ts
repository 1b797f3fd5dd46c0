import { isBackendError } from './errors.ts';
import type { CallOptions, Session } from './session.ts';
import type { Volume, VolumeCalls } from './volumes.ts';

/** `requested`: the cloud has begun. `underWay`: it had begun before. `alreadySo`: there is nothing to do. */
export type VolumeChange = 'requested' | 'underWay' | 'alreadySo';

/** Each looks at the volume first, so it may be called again after any failure. */
export interface VolumeChangeCalls {
  /** Whether servers may boot from it. */
  setBootable(id: string, isBootable: boolean, options?: CallOptions): Promise<VolumeChange>;
  /** Ends in `available` or `error_extending`. @throws BackendError `bad_request` unless the volume is free and gets larger */
  extendVolume(id: string, sizeGb: number, options?: CallOptions): Promise<VolumeChange>;
  /**
   * To a type by name; may move its data. Ends in the state it had.
   * @throws BackendError `bad_request` if the type is unknown or the state of the volume forbids it
   */
  retypeVolume(id: string, volumeType: string, options?: CallOptions): Promise<VolumeChange>;
}

export function createVolumeChangeCalls(session: Session, { getVolume }: Pick<VolumeCalls, 'getVolume'>): VolumeChangeCalls {
  const act = (id: string, body: unknown, options: CallOptions): Promise<void> =>
    session.send({ service: 'volume', method: 'POST', path: `/volumes/${encodeURIComponent(id)}/action`, body, ...options });

  async function change(
    id: string,
    { isSo, word, body }: { isSo(volume: Volume): boolean; readonly word?: string; readonly body: unknown },
    options: CallOptions,
  ): Promise<VolumeChange> {
    const told = (volume: Volume): VolumeChange | undefined =>
      volume.status === word ? 'underWay' : isSo(volume) ? 'alreadySo' : undefined;
    const before = told(await getVolume(id, options));
    if (before !== undefined) return before;
    try {
      await act(id, body, options);
      return 'requested';
    } catch (error) {
      // an earlier attempt whose answer was lost may have come in between
      if (!isBackendError(error, 'bad_request', 'conflict')) throw error;
      const now = told(await getVolume(id, options));
      if (now === undefined) throw error;
      return now;
    }
  }

  return {
    setBootable: (id, isBootable, options = {}) =>
      change(id, { isSo: (volume) => volume.isBootable === isBootable, body: { 'os-set_bootable': { bootable: isBootable } } }, options),
    extendVolume: (id, sizeGb, options = {}) =>
      change(id, { isSo: (volume) => volume.sizeGb === sizeGb, word: 'extending', body: { 'os-extend': { new_size: sizeGb } } }, options),
    retypeVolume: (id, volumeType, options = {}) =>
      change(
        id,
        {
          isSo: (volume) => volume.volumeType === volumeType,
          word: 'retyping',
          body: { 'os-retype': { new_type: volumeType, migration_policy: 'on-demand' } },
        },
        options,
      ),
  };
}
