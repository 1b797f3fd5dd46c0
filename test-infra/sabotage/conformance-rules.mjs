/** Rules that the conformance tests and guarantees of docs/conformance.md hold, a line of the product each. */
export const conformanceRules = [
  {
    name: 'a member that ends as often as it is told to',
    file: 'packages/executor/src/operation/run.ts',
    find: '  run.op.active.delete(path);\n  dropError(run, path);',
    replace: "  if (!result.ok || state?.k !== 'step') run.op.active.delete(path);\n  dropError(run, path);",
    package: 'packages/runtime',
    test: 'a result that cannot be stored in time, and comes late while the group still waits for another member',
  },
  {
    name: 'no emission again after a crash',
    file: 'packages/actor/src/activation.ts',
    find: '  if (stored.root.fx.length === 0) return false;',
    replace: '  if (stored.root.fx.length >= 0) return false;',
    package: 'packages/runtime',
    test: 'kill -9 of the supervisor between the sends of the 4th and the 5th member',
  },
  {
    name: 'a task acknowledged when it starts',
    file: 'packages/task/src/runner.ts',
    find: "    await probe('task.started', task);",
    replace: "    delivery.ack();\n    await probe('task.started', task);",
    package: 'packages/runtime',
    test: 'kill -9 of the worker on member 7 of 10',
  },
  {
    name: 'a row written by whoever had it',
    file: 'packages/actor/src/resource-rules.ts',
    find: "  if (write.epoch < record.epoch) return refuse('stale', record);\n  if (write.epoch > record.epoch) return refuse('conflict', record);\n  if (stamp.turn < fence.turn) return refuse('stale', record);\n  if (record.currentOperation === null) return refuse('stale', record);\n  if (record.currentOperation !== write.operation) return refuse('conflict', record);\n",
    replace: "  if (stamp.turn < fence.turn) return refuse('stale', record);\n",
    package: 'packages/runtime',
    test: 'C6 a success for a row that somebody else has taken over changes nothing of it, and ends superseded',
  },
  {
    name: 'a cancel that keeps the epoch',
    file: 'packages/resource/src/writes.ts',
    find: "    ...(outcome === 'cancelled' ? { raise: true } : {}),",
    replace: '',
    package: 'packages/runtime',
    test: 'C6 a success that comes after a cancel changes neither the row nor the operation',
  },
];
