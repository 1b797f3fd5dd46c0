import { expect } from 'chai';
import type { TaskOutcome } from '@troupe/protocol';
import { nextAttempt, nextAttemptMs, retryDelayMs, type RetryOptions, retryPolicy, type UnsettledOutcome } from '@troupe/task';

const flat = (attempts: number) => retryPolicy({ attempts, jitter: 0 });
const failed = (more: Partial<UnsettledOutcome['error']> = {}, retryAfterMs?: number): UnsettledOutcome => ({
  kind: 'failed',
  error: { code: 'handler_error', message: 'it broke', ...more },
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const unknown = (more: Partial<UnsettledOutcome['error']> = {}): Extract<TaskOutcome, { kind: 'unknown' }> => ({
  kind: 'unknown',
  error: { code: 'step_timeout', message: 'too long', ...more },
});

describe('the pauses of a retry policy', () => {
  it('are 1, 2, 4, 8 s without options, the last one for ever', () => {
    const policy = retryPolicy({ jitter: 0 });
    expect([1, 2, 3, 4, 5, 50].map((attempt) => retryDelayMs(policy, attempt, 0.9))).to.deep.equal([
      1_000, 2_000, 4_000, 8_000, 8_000, 8_000,
    ]);
  });

  it('may be listed, in any unit', () => {
    const policy = retryPolicy({ delays: ['500ms', '1m'], jitter: 0 });
    expect([1, 2, 3].map((attempt) => retryDelayMs(policy, attempt, 0))).to.deep.equal([500, 60_000, 60_000]);
  });

  it('may grow by a factor up to a limit', () => {
    expect(retryPolicy({ backoff: { initial: '1s', factor: 3, max: '20s' } }).delaysMs).to.deep.equal([1_000, 3_000, 9_000, 20_000]);
    expect(retryPolicy({ backoff: { initial: '5s', max: '5s' } }).delaysMs).to.deep.equal([5_000]);
  });

  it('stay a short list, however slowly they grow', () => {
    const { delaysMs } = retryPolicy({ backoff: { initial: '1ms', factor: 1.1, max: '1000h' } });
    expect(delaysMs).to.have.length(100);
    expect(delaysMs.at(-1)).to.equal(3_600_000_000);
  });

  it('are longer by chance, never shorter, up to a quarter without options', () => {
    expect([0, 0.5, 0.999].map((random) => retryDelayMs(retryPolicy(), 1, random))).to.deep.equal([1_000, 1_125, 1_250]);
    expect(retryDelayMs(retryPolicy({ jitter: 1 }), 1, 0.5)).to.equal(1_500);
  });
});

describe('options of a retry policy', () => {
  for (const [field, options] of [
    ['retry.attempts', { attempts: 0 }],
    ['retry.attempts', { attempts: 1_001 }],
    ['retry.attempts', { attempts: 2.5 }],
    ['retry.attempts', { attempts: '3' }],
    ['retry.delays', { delays: [] }],
    ['retry.delays', { delays: '1s' }],
    ['retry.delays.1', { delays: ['1s', 'soon'] }],
    ['retry.backoff', { delays: ['1s'], backoff: { initial: '1s', max: '2s' } }],
    ['retry.backoff.initial', { backoff: { initial: 0, max: '2s' } }],
    ['retry.backoff.max', { backoff: { initial: '3s', max: '2s' } }],
    ['retry.backoff.factor', { backoff: { initial: '1s', max: '2s', factor: 1 } }],
    ['retry.backoff.base', { backoff: { initial: '1s', max: '2s', base: 2 } }],
    ['retry.jitter', { jitter: 1.1 }],
    ['retry.jitter', { jitter: Number.NaN }],
    ['retry.delay', { delay: '1s' }],
  ] as const) {
    it(`are refused by ${field}: ${JSON.stringify(options)}`, () => {
      expect(() => retryPolicy(options as unknown as RetryOptions))
        .to.throw()
        .that.includes({ code: 'invalid_options', field });
    });
  }

  it('give one attempt where running twice is not safe, unless told', () => {
    expect(retryPolicy({}, 'no').attempts).to.equal(1);
    expect(retryPolicy({ attempts: 3 }, 'no').attempts).to.equal(3);
  });
});

describe('what follows a failure', () => {
  it('is the next attempt after its pause, until they are used up', () => {
    expect(nextAttempt(flat(2), { attempt: 1 }, failed(), 0)).to.deep.equal({
      kind: 'again',
      attempt: 2,
      delayMs: 1_000,
      reconcile: false,
    });
    expect(nextAttempt(flat(2), { attempt: 2 }, failed(), 0)).to.deep.include({ kind: 'end' });
    expect(nextAttemptMs(flat(2), 1, failed().error, 0)).to.equal(1_000);
    expect(nextAttemptMs(flat(2), 2, failed().error, 0)).to.equal(undefined);
  });

  it('comes when the handler said, and counts all the same', () => {
    expect(nextAttempt(flat(2), { attempt: 1 }, failed({}, 7), 0.5)).to.include({ delayMs: 7, attempt: 2 });
    expect(nextAttempt(flat(2), { attempt: 2 }, failed({}, 7), 0.5)).to.include({ kind: 'end' });
    expect(nextAttemptMs(flat(2), 1, failed().error, 0, 7)).to.equal(7);
  });

  it('is nothing where trying again is of no use, whatever is left', () => {
    const outcome = failed({ retryable: false });
    expect(nextAttempt(flat(9), { attempt: 1 }, outcome, 0)).to.deep.equal({ kind: 'end', error: outcome.error });
    expect(nextAttemptMs(flat(9), 1, outcome.error, 0)).to.equal(undefined);
  });

  it('burns no attempt where no worker knew the task', () => {
    const outcome = failed({ code: 'unknown_task' });
    expect(nextAttempt(flat(1), { attempt: 1 }, outcome, 0)).to.deep.equal({
      kind: 'again',
      attempt: 1,
      delayMs: 10_000,
      reconcile: false,
    });
  });
});

describe('what follows an unknown outcome', () => {
  it('is a look, never a run, also where one attempt was all', () => {
    expect(nextAttempt(flat(1), { attempt: 1 }, unknown(), 0)).to.deep.equal({
      kind: 'again',
      attempt: 2,
      delayMs: 1_000,
      reconcile: true,
    });
  });

  it('stays a look when the look itself fails', () => {
    expect(nextAttempt(flat(1), { attempt: 2, reconcile: true }, failed(), 0)).to.include({ kind: 'again', attempt: 3, reconcile: true });
  });

  it('ends after five looks: nobody can tell', () => {
    const ended = nextAttempt(flat(1), { attempt: 6, reconcile: true }, unknown(), 0);
    expect(ended).to.have.nested.include({
      kind: 'end',
      'error.code': 'outcome_unknown',
      'error.retryable': false,
      'error.cause.code': 'step_timeout',
    });
  });

  it('ends at once where looking does not tell, and keeps what was said', () => {
    const outcome = unknown({ code: 'outcome_unknown', retryable: false });
    expect(nextAttempt(flat(1), { attempt: 1 }, outcome, 0)).to.deep.equal({ kind: 'end', error: outcome.error });
  });
});
