/** The budgets of the design, each with how it is measured here. */
import { baselineScenario } from './baseline-scenario.ts';
import { herdScenario } from './herd-scenario.ts';
import { atLeast, atMost, each, type Figure, quotient, type Round, type Scenario, type SideRef } from './scenario.ts';
import { median } from './statistics.ts';

const text = (values: readonly number[], digits = 0): string => median(values).toFixed(digits);

/** "A of subject to B of baseline". */
const against = (rounds: readonly Round[], value: string, subject: string, baseline: string, unit: string, digits = 0): string =>
  `${text(each(rounds, subject, value), digits)} ${unit} against ${text(each(rounds, baseline, value), digits)}`;

const side = (label: string, module: string, run: string, input?: SideRef['input']): SideRef => ({
  label,
  module,
  run,
  ...(input === undefined ? {} : { input }),
});

const ratios = { full: 5, check: 3 };

/** Figures of a token that goes from one to the next. Milliseconds: what is reached where the budget is missed. */
const handedOn =
  (of: { readonly few: string; readonly unloadedMs: number; readonly loadedMs: number; readonly others: readonly string[] }) =>
  (rounds: readonly Round[]): Figure[] => [
    ...(
      [
        ['p99 unloaded', 'unloaded', atMost(15, 'ms', of.unloadedMs)],
        [`p99 with 10,000 waiters (--check: ${of.few})`, 'loaded', atMost(50, 'ms', of.loadedMs)],
      ] as const
    ).map(([what, label, budget]) => ({
      what,
      budget,
      perRound: each(rounds, label, 'p99'),
      behind: `p50 ${text(each(rounds, label, 'p50'), 1)} ms`,
    })),
    ...of.others.map((what, n) => ({
      what,
      budget: atMost(1_000, 'ms'),
      perRound: each(rounds, 'loaded', `other${n}`),
      behind: `unloaded ${text(each(rounds, 'unloaded', `other${n}`))} ms`,
    })),
  ];

export const scenarios: readonly Scenario[] = [
  {
    name: 'tasks',
    title: 'No-op tasks sent, run, result stored',
    how: 'Lone tasks, 256 in flight, one process; the lean loop publishes, consumes by callback, stores a result and acknowledges.',
    rounds: ratios,
    sides: () => [side('lean loop', 'tasks', 'leanRate'), side('troupe', 'tasks', 'taskRate')],
    figures: (rounds) => [
      {
        what: 'tasks per second',
        budget: atLeast(0.6, 'ratio', 0.5),
        perRound: quotient(rounds, 'perSecond', 'troupe', 'lean loop'),
        behind: against(rounds, 'perSecond', 'troupe', 'lean loop', '/s'),
      },
    ],
  },
  {
    name: 'idle-latency',
    title: 'Idle latency, sent → handler started',
    how: 'One task at a time, after a rest of 2 ms; the baseline is a raw publish with a message id until its callback.',
    rounds: ratios,
    sides: () => [side('raw', 'tasks', 'rawLatency'), side('troupe', 'tasks', 'taskLatency')],
    figures: (rounds) => [
      {
        what: 'p50',
        budget: atMost(2, 'ratio'),
        perRound: quotient(rounds, 'p50', 'troupe', 'raw'),
        behind: `${against(rounds, 'p50', 'troupe', 'raw', 'ms', 2)}; p99 ${against(rounds, 'p99', 'troupe', 'raw', 'ms', 2)}`,
      },
    ],
  },
  {
    name: 'operation-idle',
    title: 'Operation of 5 steps, idle',
    how: 'One operation at a time, from the command being sent to its end being known; all roles and the client in one process, as in the bare loop.',
    rounds: ratios,
    sides: () => [side('bare loop', 'operations', 'bareIdle'), side('troupe', 'operations', 'troupeIdle')],
    figures: (rounds) => [
      {
        what: 'p50',
        budget: atMost(1.5, 'ratio'),
        perRound: quotient(rounds, 'p50', 'troupe', 'bare loop'),
        behind: `${against(rounds, 'p50', 'troupe', 'bare loop', 'ms', 2)}; p99 ${against(rounds, 'p99', 'troupe', 'bare loop', 'ms', 2)}`,
      },
    ],
  },
  {
    name: 'operation-loaded',
    title: 'Operations of 5 steps, loaded; groups of 20',
    how: '500 operations under way, all roles and the client in one process; in Troupe with validation and events, of which the bare loop has none; both warmed up with 15,000 steps. Groups: 125 of 20 steps under way, so as many steps.',
    rounds: ratios,
    sides: () => [
      side('bare loop', 'operations', 'bareLoaded'),
      side('troupe', 'operations', 'troupeLoaded'),
      side('groups', 'operations', 'troupeGroups'),
    ],
    figures: (rounds) => [
      {
        what: 'operations per second',
        budget: atLeast(0.7, 'ratio', 0.3),
        perRound: quotient(rounds, 'perSecond', 'troupe', 'bare loop'),
        behind: against(rounds, 'perSecond', 'troupe', 'bare loop', '/s'),
      },
      {
        what: 'server operations per step',
        budget: atMost(1.3, 'ratio'),
        perRound: quotient(rounds, 'messagesPerStep', 'troupe', 'bare loop'),
        behind: against(rounds, 'messagesPerStep', 'troupe', 'bare loop', 'messages', 2),
      },
      {
        what: 'steps per second in groups of 20',
        budget: atLeast(1, 'ratio'),
        perRound: quotient(rounds, 'stepsPerSecond', 'groups', 'troupe'),
        behind: against(rounds, 'stepsPerSecond', 'groups', 'troupe', '/s'),
      },
    ],
  },
  {
    name: 'token-handed-on',
    title: 'A freed token handed on; other scopes',
    how: 'Operations of one throttled step, one token: from the return of one handler to the start of the next one, that is through worker, operation, throttle, operation and worker. While the scope is full and paused, an operation for another scope of the same root and one of another root are sent.',
    rounds: { full: 5, check: 1 },
    sides: (isQuick) => [
      side('unloaded', 'tokens', 'handOn', { waiters: 0, count: isQuick ? 50 : 100, holdMs: 20 }),
      side('loaded', 'tokens', 'handOn', { waiters: isQuick ? 2_000 : 10_000, count: isQuick ? 50 : 100, holdMs: 20 }),
    ],
    figures: handedOn({
      few: '2,000',
      unloadedMs: 45,
      loadedMs: 100,
      others: ['another scope of the same root starts', 'a scope of another root starts'],
    }),
  },
  {
    name: 'token-handed-on-outside',
    title: 'A freed token handed on to programs outside',
    how: 'Programs that ask for one token by request and reply, one connection, each asking again every ten seconds as it waits: from the end of the work of one to the beginning of that of the next one, that is through client, door, throttle, door and client. Before, while the scope is full and paused, one for another scope of the same root and one of another root are asked for and given back.',
    rounds: { full: 5, check: 1 },
    sides: (isQuick) => [
      side('unloaded', 'tokens', 'handOnOutside', { waiters: 0, count: isQuick ? 50 : 100, holdMs: 20 }),
      side('loaded', 'tokens', 'handOnOutside', { waiters: isQuick ? 1_000 : 10_000, count: isQuick ? 50 : 100, holdMs: 20 }),
    ],
    figures: handedOn({
      few: '1,000',
      unloadedMs: 100,
      loadedMs: 250,
      others: ['another scope of the same root is granted and given back', 'a scope of another root'],
    }),
  },
  {
    name: 'utilisation',
    title: 'Utilisation of tokens',
    how: 'Operations of one throttled step that wait for tokens: the share of the time that a token spends under a running handler; four tokens, and forty (--check: steps of 1 s).',
    rounds: { full: 5, check: 1 },
    sides: (isQuick) => [
      side('200 ms', 'tokens', 'utilisation', { limit: 4, holdMs: 200, count: isQuick ? 40 : 80 }),
      side('20 ms', 'tokens', 'utilisation', { limit: 4, holdMs: 20, count: isQuick ? 200 : 500 }),
      side('forty', 'tokens', 'utilisation', { limit: 40, holdMs: isQuick ? 1_000 : 5_000, count: isQuick ? 160 : 200 }),
    ],
    figures: (rounds) => [
      { what: 'at 200 ms steps', budget: atLeast(0.95, 'share'), perRound: each(rounds, '200 ms', 'utilisation'), behind: '' },
      { what: 'of forty at 5 s steps', budget: atLeast(0.9, 'share'), perRound: each(rounds, 'forty', 'utilisation'), behind: '' },
      { what: 'at 20 ms steps', budget: atLeast(0.8, 'share', 0.5), perRound: each(rounds, '20 ms', 'utilisation'), behind: '' },
    ],
  },
  {
    name: 'waiting',
    title: '100,000 waiting operations, which are 100,000 delayed tasks',
    how: 'Operations whose task is due in six hours, supervisor and worker as processes of their own, the cache set to 1,000 records; compared with 2,000 waiting. "Independent" is read as within a fifth. Lateness is that of 500 further tasks due in 1 to 2 s, from the order to the start of the handler (--check: 5,000 waiting, 100 tasks).',
    rounds: { full: 1, check: 1 },
    sides: (isQuick) => [
      side('few', 'waiting', 'waiting', { count: isQuick ? 1_500 : 2_000, cache: 1_000, probes: 100 }),
      side('many', 'waiting', 'waiting', { count: isQuick ? 5_000 : 100_000, cache: 1_000, probes: isQuick ? 100 : 500 }),
    ],
    figures: waitingFigures,
  },
  {
    name: 'isolation',
    title: 'Beside 1,000 background pulls that hang',
    how: 'Operations of one regular step, one at a time, in a worker whose slots for background work hang while the other pulls wait; compared with an idle one. Start: from the order to the handler; end: from there until the client knows it.',
    rounds: ratios,
    sides: (isQuick) => [
      side('idle', 'isolation', 'isolation', { pulls: 0, count: isQuick ? 100 : 300 }),
      side('beside', 'isolation', 'isolation', { pulls: 1_000, count: isQuick ? 100 : 300 }),
    ],
    figures: (rounds) =>
      (['start', 'end'] as const).map((what) => ({
        what: `${what} of a regular step, p99`,
        budget: atMost(2, 'ratio'),
        perRound: quotient(rounds, `${what}P99`, 'beside', 'idle'),
        behind: `${against(rounds, `${what}P99`, 'beside', 'idle', 'ms', 1)}; p50 ${against(rounds, `${what}P50`, 'beside', 'idle', 'ms', 1)}`,
      })),
  },
  baselineScenario,
  herdScenario,
  {
    name: 'wide-group',
    title: 'Group of 10,000 steps',
    how: 'One group alone; bytes that the server received, per step, against a group of a tenth of the size (--check: 2,000 against 500). "Linear" is read as within a fifth.',
    rounds: { full: 3, check: 1 },
    sides: (isQuick) => [
      side('narrow', 'wide-group', 'wideGroup', { steps: isQuick ? 500 : 1_000 }),
      ...(isQuick ? [] : [side('middle', 'wide-group', 'wideGroup', { steps: 5_000 })]),
      side('wide', 'wide-group', 'wideGroup', { steps: isQuick ? 2_000 : 10_000 }),
    ],
    figures: (rounds) => [
      {
        what: 'bytes per step',
        budget: atMost(1.2, 'ratio'),
        perRound: quotient(rounds, 'bytesPerStep', 'wide', 'narrow'),
        behind: [
          against(rounds, 'bytesPerStep', 'wide', 'narrow', 'bytes'),
          ...(rounds[0]?.['middle'] === undefined ? [] : [`with 5,000 steps ${text(each(rounds, 'middle', 'bytesPerStep'))}`]),
          `${text(each(rounds, 'wide', 'stepsPerSecond'))} steps/s against ${text(each(rounds, 'narrow', 'stepsPerSecond'))}`,
        ].join('; '),
      },
    ],
  },
  {
    name: 'long-chain',
    title: 'Chain of 1,000 steps',
    how: 'One chain alone; bytes that the server received and time, per step, against a chain of 100 (--check: 400 against 100). "Linear" is read as within a fifth.',
    rounds: { full: 3, check: 1 },
    sides: (isQuick) => [
      side('short', 'wide-group', 'longChain', { steps: 100 }),
      side('long', 'wide-group', 'longChain', { steps: isQuick ? 400 : 1_000 }),
    ],
    figures: (rounds) => [
      {
        what: 'bytes per step',
        budget: atMost(1.2, 'ratio'),
        perRound: quotient(rounds, 'bytesPerStep', 'long', 'short'),
        behind: against(rounds, 'bytesPerStep', 'long', 'short', 'bytes'),
      },
      {
        what: 'time per step',
        budget: atMost(1.2, 'ratio'),
        perRound: quotient(rounds, 'msPerStep', 'long', 'short'),
        behind: against(rounds, 'msPerStep', 'long', 'short', 'ms', 2),
      },
    ],
  },
  {
    name: 'large-entity',
    title: 'Entity with 10,000 items',
    how: 'Items of 200 bytes; a fresh host loads the record for its first mail: from the mail being sent to the event of its turn.',
    rounds: { full: 5, check: 1 },
    sides: () => [side('troupe', 'large-entity', 'largeEntity', { items: 10_000 })],
    figures: (rounds) => [{ what: 'activation', budget: atMost(1_000, 'ms'), perRound: each(rounds, 'troupe', 'ms'), behind: '' }],
  },
  {
    name: 'failover',
    title: 'Failover',
    how: 'Two supervisors, one is killed with -9. Idle: from the kill until 64 operations that are sent then, over all partitions, have been accepted. In flight: from the kill until the last of 50 operations that were under way has ended; `ack_wait` is 2 s.',
    rounds: { full: 5, check: 2 },
    sides: () => [side('idle', 'failover', 'idleFailover'), side('in flight', 'failover', 'busyFailover')],
    figures: (rounds) => [
      { what: 'idle', budget: atMost(200, 'ms'), perRound: each(rounds, 'idle', 'ms'), behind: '' },
      {
        what: 'in flight, beyond `ack_wait`',
        budget: atMost(1_000, 'ms'),
        perRound: each(rounds, 'in flight', 'beyondAckWaitMs'),
        behind: `${text(each(rounds, 'in flight', 'ms'))} ms in all`,
      },
    ],
  },
  {
    name: 'npm-start',
    title: '`npm start`, warm',
    how: 'From the command to the first line that shows an operation under way.',
    rounds: { full: 5, check: 1 },
    sides: () => [side('troupe', 'npm-start', 'npmStart')],
    figures: (rounds) => [
      { what: 'first operation under way', budget: atMost(5, 's'), perRound: each(rounds, 'troupe', 'seconds'), behind: '' },
    ],
  },
];

function waitingFigures(rounds: readonly Round[]): Figure[] {
  const megabytes = (value: string): string => against(rounds, value, 'many', 'few', 'MB', 1);
  return [
    {
      what: 'memory of the host',
      budget: atMost(1.2, 'ratio'),
      perRound: quotient(rounds, 'hostMegabytes', 'many', 'few'),
      behind: `in use ${megabytes('hostMegabytes')}; resident ${megabytes('hostRssMegabytes')}`,
    },
    {
      what: 'operation of 5 steps beside them, p50',
      budget: atMost(1.2, 'ratio'),
      perRound: quotient(rounds, 'operationMs', 'many', 'few'),
      behind: `${against(rounds, 'operationMs', 'many', 'few', 'ms', 2)}; processor time of the host ${against(rounds, 'hostCpuMsPerOperation', 'many', 'few', 'ms', 2)}; accepted ${text(each(rounds, 'many', 'acceptedPerSecond'))}/s`,
    },
    {
      what: 'memory of the worker, after against before',
      budget: atMost(1.2, 'ratio'),
      perRound: each(rounds, 'many', 'workerGrowth'),
      behind: `in use ${megabytes('workerMegabytes')}`,
    },
    { what: 'lateness p50', budget: atMost(150, 'ms'), perRound: each(rounds, 'many', 'latenessP50'), behind: '' },
    { what: 'lateness p99', budget: atMost(300, 'ms'), perRound: each(rounds, 'many', 'latenessP99'), behind: '' },
  ];
}
