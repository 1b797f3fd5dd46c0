/** Rules of operations, in the form that `rules.mjs` explains. */
export const operationRules = [
  {
    name: 'a child that does not say what it has touched',
    file: 'packages/executor/src/nodes/child.ts',
    find: '  noteTouched(run, body.touched ?? []);',
    replace: '',
    package: 'packages/executor',
    test: 'is not taken for never started when the child has created it',
  },
  {
    name: 'the context of whoever woke it',
    file: 'packages/executor/src/operation/behaviour.ts',
    find: 'return isTold && effect.context === undefined ? { ...effect, context } : effect;',
    replace: 'return effect;',
    package: 'packages/runtime',
    test: 'C15 two who wait for each other are not mixed up',
  },
  {
    name: 'a grant under the context of who gave back',
    file: 'packages/throttle/src/behaviour.ts',
    find: '    if (context !== undefined) return { context };',
    replace: '',
    package: 'packages/runtime',
    test: 'C15 two who wait for each other are not mixed up',
  },
  {
    name: 'a gate that is asked for only once',
    file: 'packages/task/src/runner.ts',
    find: 'if (gate !== undefined && message.reconcile !== true && !this.options.isOpen(gate))',
    replace: 'if (gate === "")',
    package: 'packages/runtime',
    test: 'C13 a task whose gate is closed between its sending and its receipt',
  },
  {
    name: 'a secret that an output brings along',
    file: 'packages/executor/src/nodes/task-message.ts',
    find: '  const secret = node.input?.refs === undefined ? undefined : secretIn(input.value, `${node.id}.input`);',
    replace: '  const secret = undefined;',
    package: 'packages/executor',
    test: 'is not sent where an output fills it in',
  },
];
