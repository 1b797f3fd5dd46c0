/** Rules of fan-outs, as those of `rules.mjs`. */
export const fanoutRules = [
  {
    name: 'an object beside its run that lives',
    file: 'packages/schedule/src/each/turn.ts',
    find: '      const lives = state.live.get(key);',
    replace: '      const lives = state.live.get(`${key} `);',
    package: 'packages/schedule',
    test: 'skips an object whose run of an earlier nominal time lives, that one only, and never has two of it',
  },
  {
    name: 'a fan-out without its cursor',
    file: 'packages/schedule/src/each/turn.ts',
    find: '      } else current.cursor = cursor;',
    replace: '      } else delete current.cursor;',
    package: 'packages/schedule',
    test: 'runs once for each object of all pages, and ends with one outcome that counts them',
  },
  {
    name: 'a fan-out above its rate',
    file: 'packages/schedule/src/each/turn.ts',
    find: '        root.rateAt = afterStart(root.rateAt, context.now, perSecond);',
    replace: '',
    package: 'packages/schedule',
    test: 'has no more objects alive than it may, and no more starts than its rate and a second of it',
  },
  {
    name: 'a page begun again after a crash',
    file: 'packages/schedule/src/each/behaviour.ts',
    find: '  return { key, root, live: new Map(live),',
    replace: '  if (root.current?.page !== undefined) root.current.page.next = 0;\n  return { key, root, live: new Map(live),',
    package: 'packages/schedule',
    test: 'starts each object once for each nominal time, never has two runs of one object alive, and loses none',
  },
];
