/** The topology that all processes of an installation must agree on: short holds, so that what a dead process held comes again soon. */
export const shape = {
  partitions: 2,
  dedupWindowMs: 1_000,
  mailAckWaitMs: 1_000,
  taskAckWaitMs: 1_500,
  storage: 'memory',
  maxLogBytes: 8_388_608,
} as const;
