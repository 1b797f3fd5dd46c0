/** Parts of the network that somebody has for themselves. */
import { defineKind } from '@troupe/resource';
import { z } from 'zod';

export const Port = defineKind({ kind: 'port', data: z.object({ provider: z.string().min(1), name: z.string().min(1) }) });
