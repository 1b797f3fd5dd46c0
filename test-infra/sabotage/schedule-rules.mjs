/** Rules of schedules, as those of `rules.mjs`. */
export const scheduleRules = [
  {
    name: 'a run beside the one that lives',
    file: 'packages/schedule/src/turn.ts',
    find: 'if (root.run === undefined) return this.start(wanted);',
    replace: 'return this.start(wanted);',
    package: 'packages/schedule',
    test: 'decides each nominal time once, starts each run once, and never has two alive',
  },
  {
    name: 'the timer of an earlier retry',
    file: 'packages/schedule/src/turn.ts',
    find: 'if (run?.timer === undefined || message.timer !== run.timer) return;',
    replace: 'if (run?.timer === undefined) return;',
    package: 'packages/schedule',
    test: 'is not hastened by the timer of an earlier retry',
  },
  {
    name: 'both times of a local time that comes twice',
    file: 'packages/schedule/src/calendar.ts',
    find: "dst.fold ?? (fields.everyHour ? 'both' : 'first')",
    replace: "dst.fold ?? 'both'",
    package: 'packages/schedule',
    test: 'counts once, the first time, where hours are named (C12)',
  },
];
