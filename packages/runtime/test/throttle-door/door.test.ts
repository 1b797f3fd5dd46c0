// needs TEST_NATS_URL
import { encodeJson, type Json } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startThrottleAlone } from './installation.ts';

const asked = (lease: string, more: object = {}) => ({ lease, scope: 'cloud', need: { vm: 1 }, ...more });

describe('the door of throttles', () => {
  it('grants, renews and gives back by plain requests, and says the same to who asks twice', async () => {
    await using s = await startThrottleAlone();
    const granted = { v: 1, answer: 'granted', lease: 'a', fence: 1, scope: 'cloud', need: { vm: 1 } };
    expect(await s.ask('acquire', asked('a'))).to.deep.equal(granted);
    expect(await s.ask('acquire', asked('a'))).to.deep.equal(granted);
    expect(await s.ask('renew', { lease: 'a', fence: 1 })).to.deep.equal({ v: 1, answer: 'renewed', lease: 'a', fence: 1 });
    expect(await s.ask('renew', { lease: 'a', fence: 7 })).to.deep.equal({ v: 1, answer: 'lost', lease: 'a' });
    expect(await s.ask('release', { lease: 'a', fence: 1 })).to.deep.equal({ v: 1, answer: 'released', lease: 'a', held: true });
    expect(await s.ask('release', { lease: 'a', fence: 1 })).to.deep.equal({ v: 1, answer: 'released', lease: 'a', held: false });
  }).timeout(30_000);

  it('tells who has to wait its place, and who waits still, by the same request, when it is granted', async () => {
    await using s = await startThrottleAlone();
    await s.ask('acquire', asked('a'));
    expect(await s.ask('acquire', asked('b', { waitMs: 0 }))).to.deep.equal({ v: 1, answer: 'queued', lease: 'b', ahead: 0 });
    expect(await s.ask('acquire', asked('c', { waitMs: 50 }))).to.deep.include({ answer: 'queued', ahead: 1 });
    const waits = s.ask('acquire', asked('b', { waitMs: 30_000 }), { timeoutMs: 40_000 });
    expect(await s.ask('explain', { lease: 'b' })).to.have.nested.property('explanation.state', 'waiting');
    await s.ask('release', { lease: 'a' });
    expect(await waits).to.deep.include({ answer: 'granted', lease: 'b', fence: 2 });
    expect(await s.ask('explain', {})).to.deep.nested.include({ 'explanation.held': 1, 'explanation.waiting': 1 });
  }).timeout(60_000);

  it('changes a limit', async () => {
    await using s = await startThrottleAlone();
    await s.ask('acquire', asked('a'));
    const waits = s.ask('acquire', asked('b', { waitMs: 30_000 }), { timeoutMs: 40_000 });
    expect(await s.ask('limit', { scope: 'cloud', kind: 'vm', limit: 2, by: 'ann' })).to.deep.equal({ v: 1, answer: 'ordered' });
    expect(await waits).to.include({ answer: 'granted' });
  }).timeout(60_000);

  it('says what is wrong by code and field', async () => {
    await using s = await startThrottleAlone();
    const wrong: readonly (readonly [string, object, string, string | undefined])[] = [
      ['acquire', asked('a', { scope: 'other' }), 'malformed', 'scope'],
      ['acquire', asked('a', { need: { vm: 0 } }), 'malformed', 'need.vm'],
      ['acquire', asked('a', { need: { vm: 9 } }), 'need_exceeds_limit', undefined],
      ['acquire', asked('a', { v: 2 }), 'unsupported_version', 'v'],
      ['renew', { lease: 'a' }, 'malformed', 'fence'],
      ['limit', { scope: 'other', kind: 'vm', limit: 1 }, 'malformed', 'scope'],
      ['rate', { scope: 'cloud', name: 'call', rate: { bucket: 1, refill: 1, every: '1.5s' } }, 'malformed', 'rate.every'],
      ['rate', { scope: 'cloud', name: 'call', rate: { bucket: 1e9, refill: 1, every: '365d' } }, 'invalid_options', 'rate.bucket'],
      ['maintenance', { scope: 'cloud' }, 'malformed', 'on'],
      ['observe', { lease: 'a', fence: 1, latencyMs: -1 }, 'malformed', 'latencyMs'],
      ['shout', {}, 'malformed', ''],
    ];
    for (const [request, body, code, field] of wrong) {
      const { answer, error } = await s.ask(request, body);
      expect(answer, request).to.equal('refused');
      expect(error, request).to.include(field === undefined ? { code } : { code, field });
    }
  }).timeout(30_000);

  it('takes any root, one of several words and one of any characters too', async () => {
    await using s = await startThrottleAlone();
    for (const root of ['a.b', 'ü *', '>'])
      expect(await s.ask('acquire', { lease: 'x', scope: `${root}/t`, need: { vm: 1 } }, { root })).to.include({ answer: 'granted' });
  }).timeout(30_000);

  it('refuses a root too long for a subject, and one of endless levels, and serves all others on', async () => {
    await using s = await startThrottleAlone();
    for (const root of ['r'.repeat(300), 'r'.repeat(2_000), 'r'.repeat(3_800)]) {
      const { error } = await s.ask('acquire', { lease: 'x', scope: root, need: { vm: 1 } }, { root });
      expect(error).to.include({ code: 'malformed', field: 'scope' });
    }
    const { error } = await s.ask('acquire', asked('x', { scope: `cloud${'/a'.repeat(20_000)}` }));
    expect(error).to.include({ code: 'malformed', field: 'scope' });
    // what came past the door is kept apart, and stops nobody
    const body = encodeJson({ v: 1, id: 'm1', type: 'acquire', body: {}, from: { kind: 'operation', key: 'o' } } as Json);
    s.nc.publish(`${s.ns}.mail.throttle.${'r'.repeat(2_000)}.entity`, body);
    expect(await s.ask('acquire', asked('a'))).to.include({ answer: 'granted' });
    await until('it is a dead letter', async () => {
      const { state } = (await s.nc.request(`$JS.API.STREAM.INFO.${s.subjects.streams.dead}`)).json<{ state: { messages: number } }>();
      return state.messages === 1;
    });
    expect(await s.ask('release', { lease: 'a' })).to.include({ answer: 'released', held: true });
  }).timeout(60_000);

  it('tells nobody outside where in its code something was thrown', async () => {
    await using s = await startThrottleAlone();
    const reply = await s.nc.request(s.subjects.throttle('cloud', 'acquire'), 'no JSON', { timeout: 20_000 });
    expect(reply.json()).to.have.nested.property('error.code', 'malformed');
    expect(reply.string()).to.not.include('stack').and.not.include('.ts:');
  }).timeout(30_000);

  it('writes an answer to nothing but an inbox: a reply subject that is a record stays as it is', async () => {
    await using s = await startThrottleAlone();
    await s.ask('acquire', asked('a'));
    const record = s.subjects.state({ kind: 'throttle', key: 'cloud' });
    const read = async (): Promise<string> => (await s.nc.request(`$JS.API.DIRECT.GET.${s.subjects.streams.state}.${record}`)).string();
    const before = await read();
    const body = encodeJson({ v: 1, lease: 'a', fence: 9 } as Json);
    s.nc.publish(s.subjects.throttle('cloud', 'renew'), body, { reply: record });
    s.nc.publish(s.subjects.throttle('cloud', 'explain'), encodeJson({ v: 1 }), { reply: record });
    s.nc.publish(s.subjects.throttle('cloud', 'shout'), body, { reply: record });
    // a later request through the same door was answered: so were these
    await s.ask('renew', { lease: 'a', fence: 9 });
    expect(JSON.parse(await read())).to.have.property('s');
    expect(before).to.include('"fence":1');
  }).timeout(30_000);

  it('is served by every host, and goes on when one of them stops while somebody waits', async () => {
    await using s = await startThrottleAlone({ hosts: 2 });
    await s.ask('acquire', asked('a'));
    const acquire = (): Promise<Record<string, unknown>> => s.ask('acquire', asked('b', { waitMs: 5_000 }));
    let waits = acquire();
    await until('b waits', async () => (await s.ask('explain', { lease: 'b' }))['explanation'] !== undefined);
    await s.roles[0]!.stop();
    await s.ask('release', { lease: 'a' });
    await until('b is granted', async () => {
      const answer = await waits;
      if (answer['answer'] === 'granted') return true;
      waits = acquire();
      return false;
    });
  }).timeout(60_000);
});
