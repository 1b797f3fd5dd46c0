/** The kinds of resources that the app manages, with the vocabularies of their backend. */
import { defineKind } from '@troupe/resource';
import { z } from 'zod';
import { vmStates, volumeStates } from '../backend/index.ts';

const common = { provider: z.string().min(1), name: z.string().min(1) };

export const Volume = defineKind({
  kind: 'volume',
  runtimeStates: [...volumeStates],
  data: z.object({ ...common, sizeGb: z.number().int().positive(), image: z.string().optional() }),
});

export const Instance = defineKind({
  kind: 'instance',
  runtimeStates: [...vmStates],
  data: z.object({ ...common, flavor: z.string(), network: z.string().optional(), volumes: z.array(z.string()) }),
});
