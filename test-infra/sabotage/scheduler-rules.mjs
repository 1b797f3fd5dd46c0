/** Rules of the scheduler role, held on a real server; as those of `rules.mjs`. */
const runtime = { package: 'packages/runtime' };

export const schedulerRules = [
  {
    name: 'G11 a nominal time that is decided again',
    file: 'packages/schedule/src/turn.ts',
    find: 'else root.next = due.next;',
    replace: 'else root.next ??= due.next;',
    ...runtime,
    test: 'also where schedulers are restarted more often than it comes',
  },
  {
    name: 'G12 a run beside the one that lives, on a server',
    file: 'packages/schedule/src/turn.ts',
    find: 'if (root.run === undefined) return this.start(wanted);',
    replace: 'return this.start(wanted);',
    ...runtime,
    test: 'while a run is slow, its scheduler is killed and its retry waits',
  },
  {
    name: 'G13 missed nominal times that vanish',
    file: 'packages/schedule/src/turn.ts',
    find: "this.recordEarlier(due, missed === 'latest' ? 'coalesced' : 'missed');",
    replace: '',
    ...runtime,
    test: 'after all schedulers were away: skip, the latest for all, or the last of them',
  },
  {
    name: 'G14 a failure without a penalty',
    file: 'packages/schedule/src/failures.ts',
    find: 'root.penalty = Math.min(root.failures, penaltyCap);',
    replace: 'root.penalty = 0;',
    ...runtime,
    test: 'ten backends, one dead',
  },
  {
    name: 'C7 a nominal time that waits where it is to be passed over',
    file: 'packages/schedule/src/turn.ts',
    find: "if ((queued || overlap === 'bufferOne') && !full) root.waiting.push(wanted);",
    replace: 'if (!full) root.waiting.push(wanted);',
    // the test of C7 itself works off ten thousand tasks
    package: 'packages/schedule',
    test: 'does not take the own retry of a run for another run, and skips for it all the same',
  },
  {
    name: 'C12 an error of quota that does not pause',
    file: 'packages/schedule/src/failures.ts',
    find: "(pauseOn === 'any' || pauseOn?.includes(code) === true)",
    replace: "pauseOn === 'any'",
    ...runtime,
    test: 'an error of quota pauses it with its message',
  },
  {
    name: 'an attempt that its schedule does not wait for',
    file: 'packages/schedule/src/behaviour.ts',
    find: 'return run?.token === message.token && run.timer === undefined;',
    replace: 'return run !== message;',
    ...runtime,
    test: 'is not begun when its schedule does not wait for it any more',
  },
  {
    name: 'code that undoes what people have changed at each start',
    file: 'packages/schedule/src/define.ts',
    find: 'if (old?.code?.digest === code.digest) {',
    replace: 'if (old === null) {',
    package: 'packages/schedule',
    test: 'is not changed by the same code again, and keeps what people have changed',
  },
  {
    name: 'what people define is judged by the tasks and executors that schedulers know (S82)',
    file: 'packages/schedule/src/define.ts',
    find: 'if (app === undefined && rules.known !== undefined) checkKnown(definition, rules.known);',
    replace: '',
    ...runtime,
    test: 'S82 is refused by the schedulers with the field, when it is made and when it is changed; what fits is taken',
  },
];
