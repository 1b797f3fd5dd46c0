/** Snapshots of volumes, and backups, which are snapshots of all volumes of a machine. */
import { defineKind } from '@troupe/resource';
import { z } from 'zod';
import { snapshotStates } from '../backend/vocabulary.ts';

const common = { provider: z.string().min(1), name: z.string().min(1) };

export const Snapshot = defineKind({
  kind: 'snapshot',
  runtimeStates: [...snapshotStates],
  data: z.object({
    ...common,
    /** The volume, by its id on the backend. */
    volumeId: z.string().min(1),
    /** Id of the row of the volume. */
    volume: z.string().optional(),
    /** What a pull has found. */
    sizeGb: z.number().int().positive().optional(),
  }),
});

/** Has nothing of its own on the backend. */
export const Backup = defineKind({
  kind: 'backup',
  data: z.object({
    ...common,
    /** Id of the row of the instance. */
    instance: z.string().optional(),
    /** Ids of rows of snapshots, at most 63. */
    snapshots: z.array(z.string()),
  }),
});
