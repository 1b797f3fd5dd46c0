import { z } from 'zod';
import { latencyNames } from '../core/latency.ts';
import { transitionNames } from '../core/transition-faults.ts';
import { objectKinds } from '../control.ts';
import { defaultQuotas, type Quotas } from '../model/quotas.ts';

const hits = { nth: z.int().positive().optional(), times: z.int().nonnegative().optional() };
const when = z.enum(['before', 'after']);
const milliseconds = z.number().nonnegative();

export const callFaultSchema = z.strictObject({
  route: z.string().min(1),
  ...hits,
  effect: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('status'),
      status: z.int().min(400).max(599),
      message: z.string().optional(),
      retryAfterSeconds: z.number().nonnegative().optional(),
      when: when.optional(),
    }),
    z.strictObject({ kind: z.literal('drop'), when }),
    z.strictObject({ kind: z.literal('slow'), ms: milliseconds }),
  ]),
});

export const transitionFaultSchema = z.strictObject({
  transition: z.enum(transitionNames),
  name: z.string().min(1).optional(),
  ...hits,
  outcome: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('status'), status: z.string().min(1), message: z.string().optional() }),
    z.strictObject({ kind: z.literal('detour'), status: z.string().min(1), forMs: milliseconds }),
    z.strictObject({ kind: z.literal('vanish') }),
    z.strictObject({ kind: z.literal('stuck') }),
  ]),
});

export const outageSchema = z.strictObject({
  service: z.enum(['keystone', 'cinder', 'nova', 'glance', 'neutron', '*']),
  mode: z.enum(['refuse', 'drop']).default('refuse'),
  forMs: milliseconds.optional(),
});

/** `null` takes a limit away. */
const buildLimit = z
  .int()
  .nonnegative()
  .nullable()
  .transform((limit) => limit ?? undefined);
export const buildLimitsSchema = z.strictObject({ instance: buildLimit, volume: buildLimit }).partial();

export const latenciesSchema = z.partialRecord(z.enum(latencyNames), milliseconds);

const quota = z.int().min(-1);
export const quotasSchema = z.partialRecord(z.enum(Object.keys(defaultQuotas) as (keyof Quotas)[]), quota);

export const objectKindSchema = z.enum(objectKinds);
export const statusSchema = z.strictObject({ status: z.string().min(1), message: z.string().optional() });
