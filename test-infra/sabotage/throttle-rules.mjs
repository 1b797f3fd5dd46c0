/** Rules of throttles: rates, maintenance, order. */
export const throttleRules = [
  {
    name: 'a rate that is not spent',
    file: 'packages/throttle/src/behaviour.ts',
    find: '    this.effects.push(...this.state.spent.spend(scope, waiter.spend ?? {}, this.now));',
    replace: '',
    package: 'packages/throttle',
    spec: 'test/rates-model.test.ts',
    test: 'is never more than its budget in any time, at any level',
  },
  {
    name: 'a window that forgets early',
    file: 'packages/throttle/src/rates.ts',
    find: '+ 1) * partMs - 1;',
    replace: '+ 0) * partMs - 1;',
    package: 'packages/throttle',
    spec: 'test/rates-model.test.ts',
    test: 'is never more than its budget in any time, at any level',
  },
  {
    name: 'nobody woken for a rate',
    file: 'packages/throttle/src/behaviour.ts',
    find: '    for (let due = ledger.takeDue(now); due.length > 0; due = ledger.takeDue(now)) this.offer(due);',
    replace: '',
    package: 'packages/throttle',
    spec: 'test/rates-model.test.ts',
    test: 'is given as soon as its budget has room',
  },
  {
    name: 'grants in maintenance',
    file: 'packages/throttle/src/behaviour.ts',
    find: 'isClosed: (path) => closed[path] !== undefined,',
    replace: 'isClosed: () => false,',
    package: 'packages/throttle',
    spec: 'test/maintenance.test.ts',
    test: 'never grants while it lasts, loses nobody',
  },
];
