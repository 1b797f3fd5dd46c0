/**
 * Names on the wire as they were first published. Subjects, headers and codes are read by hosts, permissions and clients
 * of other versions: a line here may be added, none may change.
 */
import { createSubjects, encodeToken, errorCodes, headers, queueClasses, taskMailTypes, WIRE_VERSION } from '@troupe/protocol';
import { expect } from 'chai';

const s = createSubjects();
const operation = { kind: 'operation', key: 'o-1' };
const child = { kind: 'operation', key: 'o-1.0.2' };

const subjects: readonly (readonly [string, string])[] = [
  [s.command('volume.create'), 'troupe.command.volume=2Ecreate'],
  [s.command('plain'), 'troupe.command.plain'],
  [s.task('regular', 'default', 'volume.create'), 'troupe.task.regular.default.volume=2Ecreate'],
  [s.task('heavy', 'gpu/1', 'x'), 'troupe.task.heavy.gpu=2F1.x'],
  [s.task('background', 'default', 'x'), 'troupe.task.background.default.x'],
  [s.taskFilter('heavy', 'gpu/1'), 'troupe.task.heavy.gpu=2F1.>'],
  [s.mail(operation, 'entity'), 'troupe.mail.operation.o-1.entity'],
  [s.mail(operation, 'verb'), 'troupe.mail.operation.o-1.verb'],
  [s.mail(child, 'task-default'), 'troupe.mail.operation.o-1=2E0=2E2.task-default'],
  [s.mail(operation, 'task-gpu.1'), 'troupe.mail.operation.o-1.task-gpu=2E1'],
  [s.mailFilter(3, 'operation'), 'troupe.mail.3.operation.>'],
  [s.timer(operation, 'operation/o-1@n.4'), 'troupe.timer.operation.o-1.operation=2Fo-1=40n=2E4'],
  [s.due(operation), 'troupe.due.operation.o-1'],
  [s.dueFilter(3, 'throttle'), 'troupe.due.3.throttle.>'],
  [s.state(operation), 'troupe.state.operation.o-1'],
  [s.state({ kind: 'throttle', key: '' }), 'troupe.state.throttle.='],
  [s.stateFilter('operation'), 'troupe.state.operation.*'],
  [s.item(operation, 'kd7aoqjzpvm3t2xw', 12), 'troupe.state.operation.o-1.i.kd7aoqjzpvm3t2xw.12'],
  [s.tombstone(operation), 'troupe.tomb.operation.o-1'],
  [s.event(['resource', 'volume', '17', 'created']), 'troupe.event.resource.volume.17.created'],
  [s.live(['operation', 'volume.create', 'o-1', 'ended']), 'troupe.live.operation.volume=2Ecreate.o-1.ended'],
  [s.liveFilter([]), 'troupe.live.>'],
  [s.liveFilter(['operation', 'volume.create']), 'troupe.live.operation.volume=2Ecreate.>'],
  [s.result('t-1'), 'troupe.result.t-1'],
  [s.mark('default', 'mail-7'), 'troupe.mark.default.mail-7'],
  [s.dead(['command', 'volume.create']), 'troupe.dead.command.volume=2Ecreate'],
  [s.deadFilter(['mail']), 'troupe.dead.mail.>'],
  [s.answer('o-1'), 'troupe.answer.o-1'],
  [s.signal('default'), 'troupe.signal.default'],
  [s.told('door-1'), 'troupe.told.door-1'],
  [s.throttle('cloud.1', 'acquire'), 'troupe.throttle.cloud=2E1.acquire'],
  [s.throttleFilter(), 'troupe.throttle.*.*'],
];

describe('a name on the wire is for ever', () => {
  for (const [is, was] of subjects) {
    it(`the subject ${was}`, () => {
      expect(is).to.equal(was);
    });
  }

  it('the streams and buckets', () => {
    expect(s.streams).to.deep.equal({
      commands: 'troupe_COMMANDS',
      tasks: 'troupe_TASKS',
      mail: 'troupe_MAIL',
      timers: 'troupe_TIMERS',
      state: 'troupe_STATE',
      events: 'troupe_EVENTS',
      results: 'troupe_RESULTS',
      dead: 'troupe_DEAD',
    });
    expect(s.buckets).to.deep.equal({ resources: 'troupe_resources', hosts: 'troupe_hosts' });
  });

  it('the headers, of the server and ours', () => {
    expect(headers).to.deep.include({
      messageId: 'Nats-Msg-Id',
      ttl: 'Nats-TTL',
      expectedLastSubjectSequence: 'Nats-Expected-Last-Subject-Sequence',
      schedule: 'Nats-Schedule',
      scheduleTarget: 'Nats-Schedule-Target',
      rollup: 'Nats-Rollup',
      traceparent: 'traceparent',
      replyTo: 'Troupe-Reply-To',
      contextPrefix: 'Troupe-Context-',
    });
  });

  it('the version, the classes and what a worker may say', () => {
    expect(WIRE_VERSION).to.equal(1);
    expect(queueClasses).to.deep.equal(['regular', 'heavy', 'background']);
    expect(taskMailTypes).to.deep.equal(['task.ended', 'task.progress']);
  });

  it('the encoding of keys', () => {
    const encoded: readonly (readonly [string, string])[] = [
      ['abcXYZ019-_', 'abcXYZ019-_'],
      ['', '='],
      ['=', '=3D'],
      ['a.b', 'a=2Eb'],
      ['a b', 'a=20b'],
      ['*', '=2A'],
      ['>', '=3E'],
      ['$JS', '=24JS'],
      ['provider-1/tenant-7', 'provider-1=2Ftenant-7'],
      ['ü', '=C3=BC'],
      ['€', '=E2=82=AC'],
      ['😀', '=F0=9F=98=80'],
      ['\n', '=0A'],
      ['\ufeff', '=EF=BB=BF'],
      ['\ud83d', '=uD83D'],
      ['x\udc00y', 'x=uDC00y'],
    ];
    for (const [text, token] of encoded) expect(encodeToken(text), JSON.stringify(text)).to.equal(token);
  });

  it('the codes of errors: none has gone', () => {
    const published = [
      'malformed',
      'invalid_input',
      'unknown_executor',
      'unknown_task',
      'unknown_kind',
      'unknown_resource',
      'conflict',
      'forbidden_state',
      'too_old',
      'too_large',
      'overloaded',
      'id_reused',
      'unanswered',
      'unknown_schedule',
      'unknown_letter',
      'unknown_operation',
      'cancelled',
      'superseded',
      'resource_gone',
      'missing_on_backend',
      'step_failed',
      'step_timeout',
      'deadline_exceeded',
      'poll_timeout',
      'poll_failed',
      'outcome_unknown',
      'worker_lost',
      'missing_output',
      'output_too_large',
      'state_too_large',
      'invalid_output',
      'invalid_plan',
      'plan_failed',
      'child_failed',
      'need_exceeds_limit',
      'nested_need',
      'lease_order',
      'unknown_lease',
      'lease_lost',
      'compensation_failed',
      'internal',
      'handler_error',
      'fatal',
      'unsupported_version',
      'quarantined',
      'unavailable',
      'not_permitted',
      'topology_mismatch',
      'invalid_options',
      'duplicate_name',
    ];
    expect(Object.keys(errorCodes)).to.include.members(published);
  });
});
