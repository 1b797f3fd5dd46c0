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
];
