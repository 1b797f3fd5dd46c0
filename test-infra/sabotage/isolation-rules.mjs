/** Rules of commands that cannot be read yet, of effects that are refused, and of isolation. */
export const isolationRules = [
  {
    name: 'newer commands put off for ever',
    file: 'packages/jetstream/src/newer-commands.ts',
    find: '      const isOver = deliveries > 1 && now >= storedAt + offeredMs;',
    replace: '      const isOver = deliveries < 0 && now >= storedAt + offeredMs;',
    package: 'packages/jetstream',
    test: 'is refused, with its versions, once no door has read it for its time',
    spec: 'test/door-versions.test.ts',
  },
  {
    name: 'a refused task put off like an outage',
    file: 'packages/actor/src/emission.ts',
    find: '    else outcomes.push(told);',
    replace: '    else throw new Error(told.id);',
    package: 'packages/runtime',
    test: 'its operation hears of it and fails with the reason',
    spec: 'test/operations/refused-effects.test.ts',
  },
  {
    name: 'effects of a refused turn dropped',
    file: 'packages/actor/src/supervisor.ts',
    find: "    return this.mark(cell, loaded, loaded.record.effectsOfRoot, error, 'effect');",
    replace: "    return this.mark(cell, loaded, [], error, 'effect');",
    package: 'packages/actor',
    test: 'leaves once it is permitted and the entity released',
    spec: 'test/refused-effects.test.ts',
  },
  {
    name: 'a promise kept in quarantine',
    file: 'packages/actor/src/supervisor.ts',
    find: "    if (direct === undefined) return 'nothing';",
    replace: "    if (direct !== null) return 'nothing';",
    package: 'packages/runtime',
    test: 'does not keep those behind it waiting: what is promised to it goes to the next',
    spec: 'test/operations/quarantined-in-a-queue.test.ts',
  },
];
