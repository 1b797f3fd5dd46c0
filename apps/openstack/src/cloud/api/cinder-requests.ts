import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Snapshot } from '../model/snapshots.ts';
import type { VolumeRequest } from '../model/volume.ts';
import type { World } from '../model/world.ts';
import { integerLike, metadataSchema, optionalText, parseBody } from './parse.ts';
import type { AuthorizedCall } from './route.ts';

const createSchema = z.object({
  volume: z.object({
    size: integerLike.nullish(),
    name: optionalText,
    description: z.string().nullish(),
    imageRef: optionalText,
    source_volid: optionalText,
    snapshot_id: optionalText,
    volume_type: optionalText,
    metadata: metadataSchema.nullish(),
  }),
});

/** Reads `POST /volumes` and looks up what it refers to. */
export function volumeRequest(call: AuthorizedCall, { catalogue, snapshots, volumes }: World): VolumeRequest {
  const { volume } = parseBody(createSchema, call.body);
  const snapshot = volume.snapshot_id === undefined ? undefined : sourceSnapshot(call, snapshots.get(volume.snapshot_id));
  const source = volume.source_volid === undefined ? undefined : volumes.get(volume.source_volid);
  const sizeGb = volume.size ?? snapshot?.sizeGb ?? source?.sizeGb;
  if (sizeGb === undefined || sizeGb < 1) {
    throw invalidInput(`Volume size '${volume.size ?? null}' must be an integer and greater than 0`);
  }
  if (snapshot !== undefined && sizeGb < snapshot.sizeGb) {
    throw invalidInput(
      `Volume size '${sizeGb}'GB cannot be smaller than the snapshot size ${snapshot.sizeGb}GB. They must be >= original snapshot size.`,
    );
  }
  if (volume.volume_type !== undefined && catalogue.volumeType(volume.volume_type) === undefined) {
    throw new ApiError(404, `Volume type ${volume.volume_type} could not be found.`);
  }
  checkImage(volume.imageRef, sizeGb, catalogue);
  return {
    name: volume.name ?? '',
    description: volume.description,
    sizeGb,
    imageId: volume.imageRef,
    sourceVolumeId: source?.id,
    snapshotId: snapshot?.id,
    originId: snapshot?.volumeId ?? source?.id,
    volumeType: volume.volume_type === undefined ? undefined : catalogue.volumeType(volume.volume_type)?.name,
    metadata: volume.metadata ?? undefined,
  };
}

/** One of another project is not there. */
function sourceSnapshot(call: AuthorizedCall, snapshot: Snapshot): Snapshot {
  if (snapshot.projectId !== call.project.id && !call.user.isAdmin) throw new ApiError(404, `Snapshot ${snapshot.id} could not be found.`);
  if (snapshot.status === 'available') return snapshot;
  throw new ApiError(400, `Invalid snapshot: Originating snapshot status must be one of 'available' values`);
}

function checkImage(imageId: string | undefined, sizeGb: number, catalogue: Catalogue): void {
  if (imageId === undefined) return;
  const image = catalogue.image(imageId);
  if (image === undefined) throw new ApiError(400, `Invalid image identifier or unable to access requested image.`);
  if (image.minDiskGb <= sizeGb) return;
  throw invalidInput(`Volume size ${sizeGb}GB cannot be smaller than the image minDisk size ${image.minDiskGb}GB.`);
}

function invalidInput(reason: string): ApiError {
  return new ApiError(400, `Invalid input received: ${reason}`);
}
