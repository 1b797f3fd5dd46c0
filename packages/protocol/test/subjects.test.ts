import { createSubjects, isInbox, queueClasses, type Sender, TroupeError } from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';

const s = createSubjects('acme');
const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '.', '*', '>', 'a.b', 'i', 'mail'));
const address = fc.record({ kind: name, key: name });
const sender: fc.Arbitrary<Sender> = fc.oneof(
  fc.constantFrom<Sender>('entity', 'verb'),
  name.filter((pool) => pool !== '').map((pool): Sender => `task-${pool}`),
);
/** As the transform of the stream stores it: the partition behind the second token. */
const stored = (subject: string, partition: number): string => {
  const [ns, word, ...rest] = subject.split('.');
  return [ns, word, partition, ...rest].join('.');
};
const matches = (filter: string, subject: string): boolean => {
  const f = filter.split('.');
  const t = subject.split('.');
  for (const [i, token] of f.entries()) {
    if (token === '>') return t.length > i;
    if (token !== '*' && token !== t[i]) return false;
  }
  return f.length === t.length;
};

describe('subjects', () => {
  it('read mail back as it was addressed, whatever kind, key and pool hold', () => {
    fc.assert(
      fc.property(address, sender, fc.nat(63), (to, from, partition) => {
        const subject = stored(s.mail(to, from), partition);
        expect(s.parseMail(subject)).to.deep.equal({ to, from });
        expect(matches(s.mailFilter(partition, to.kind), subject)).to.equal(true);
      }),
    );
  });

  it('read what is due back as addressed to its entity, said by a timer', () => {
    fc.assert(
      fc.property(address, fc.nat(63), (to, partition) => {
        const subject = stored(s.due(to), partition);
        expect(s.parseMail(subject)).to.deep.equal({ to, from: 'timer' });
        expect(matches(s.dueFilter(partition, to.kind), subject)).to.equal(true);
      }),
    );
  });

  it('read roots and items back, and tell them apart by filter', () => {
    fc.assert(
      fc.property(address, fc.stringMatching(/^[a-z2-7]{16}$/), fc.nat(), (of, nonce, n) => {
        expect(s.parseState(s.state(of))).to.deep.equal({ of });
        expect(s.parseState(s.item(of, nonce, n))).to.deep.equal({ of, item: { nonce, n } });
        expect(matches(s.stateFilter(of.kind), s.state(of))).to.equal(true);
        expect(matches(s.stateFilter(of.kind), s.item(of, nonce, n))).to.equal(false);
      }),
    );
  });

  it('read requests to throttles back', () => {
    fc.assert(
      fc.property(name, name, (root, request) => {
        const subject = s.throttle(root, request);
        expect(s.parseThrottle(subject)).to.deep.equal({ root, request });
        expect(matches(s.throttleFilter(), subject)).to.equal(true);
      }),
    );
    for (const other of [
      'acme.throttle.x',
      'other.throttle.x.acquire',
      'acme.mail.x.acquire',
      'acme.throttle.=.a.b',
      'acme.throttle.=zz.acquire',
    ])
      expect(s.parseThrottle(other), other).to.equal(undefined);
  });

  it('read tasks and commands back', () => {
    fc.assert(
      fc.property(fc.constantFrom(...queueClasses), name, name, (cls, pool, task) => {
        expect(s.parseTask(s.task(cls, pool, task))).to.deep.equal({ cls, pool, name: task });
        expect(matches(s.taskFilter(cls, pool), s.task(cls, pool, task))).to.equal(true);
        expect(s.parseCommand(s.command(task))).to.equal(task);
      }),
    );
  });

  it('select topics by their first words', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.nat(3), (topic, n) => {
        const words = topic.slice(0, Math.min(n, topic.length - 1));
        expect(matches(s.liveFilter(words), s.live(topic))).to.equal(true);
        expect(matches(s.deadFilter(words), s.dead(topic))).to.equal(true);
        expect(matches(s.liveFilter([...words, 'some other word']), s.live(topic))).to.equal(false);
      }),
    );
  });

  it('belong to one namespace: another one reads nothing', () => {
    const other = createSubjects('other');
    const to = { kind: 'operation', key: 'o-1' };
    expect(other.parseMail(stored(s.mail(to, 'entity'), 3))).to.equal(undefined);
    expect(other.parseState(s.state(to))).to.equal(undefined);
    expect(other.parseTask(s.task('regular', 'p', 't'))).to.equal(undefined);
    expect(other.parseCommand(s.command('x'))).to.equal(undefined);
  });

  it('are never read with an error, whatever somebody else published', () => {
    const token = fc.oneof(
      fc.constantFrom('acme', 'mail', 'due', 'state', 'task', 'command', '3', 'i', 'regular', '=zz', '=', ''),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
        for (const subject of [tokens.join('.'), ['acme', ...tokens].join('.')]) {
          s.parseMail(subject);
          s.parseState(subject);
          s.parseTask(subject);
          s.parseCommand(subject);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('have no key so long that what a host would send about it is more than a server takes', () => {
    const longest = '😀'.repeat(128);
    expect(s.parseThrottle(s.throttle(longest, 'acquire'))).to.deep.equal({ root: longest, request: 'acquire' });
    const endless = '😀'.repeat(129);
    expect(s.parseThrottle(s.throttle(endless, 'acquire'))).to.equal(undefined);
    expect(s.parseMail(stored(s.mail({ kind: 'throttle', key: endless }, 'verb'), 3))).to.equal(undefined);
    expect(s.parseCommand(s.command(endless))).to.equal(undefined);
  });

  it('let nobody speak as the host, as a timer or as a worker without a pool', () => {
    for (const from of ['host', 'timer', 'task-', 'task', 'Entity', '']) {
      expect(s.parseMail(`acme.mail.3.operation.o-1.${from}`), from).to.equal(undefined);
    }
    expect(s.parseMail('acme.mail.3.operation.o-1.verb')).to.deep.include({ from: 'verb' });
  });

  it('count items by whole numbers only', () => {
    for (const n of ['x', '-1', '1e3', '01', '1=2E5', '']) expect(s.parseState(`acme.state.k.key.i.nonce.${n}`), n).to.equal(undefined);
    expect(s.parseState('acme.state.k.key.j.nonce.1')).to.equal(undefined);
    expect(s.parseState('acme.state.k.key.i.nonce')).to.equal(undefined);
  });

  it('refuse a namespace that is no token', () => {
    for (const ns of ['', 'A', 'a.b', '*', 'a b', '_a']) {
      expect(() => createSubjects(ns), ns)
        .to.throw(TroupeError)
        .with.property('code', 'invalid_options');
    }
  });

  it('name streams and buckets after the namespace', () => {
    expect(createSubjects().streams.commands).to.equal('troupe_COMMANDS');
    expect(new Set(Object.values(s.streams)).size).to.equal(8);
    for (const stream of [...Object.values(s.streams), ...Object.values(s.buckets)]) expect(stream).to.match(/^acme_[A-Za-z]+$/);
  });

  it('never share a subject between two purposes', () => {
    const to = { kind: 'operation', key: 'x' };
    const all = [
      s.command('x'), s.task('regular', 'x', 'x'), s.mail(to, 'entity'), s.timer(to, 'x'), s.due(to), s.state(to), s.item(to, 'n', 1),
      s.tombstone(to), s.event(['x']), s.live(['x']), s.result('x'), s.mark('x', 'x'), s.dead(['x']), s.answer('x'), s.signal('x'),
    ]; // prettier-ignore
    expect(new Set(all).size).to.equal(all.length);
    expect(new Set(all.map((subject) => subject.split('.')[1])).size).to.equal(14);
  });
});

describe('an inbox', () => {
  it('is a literal subject below an inbox prefix', () => {
    for (const good of ['_INBOX.abc', '_INBOX_producer.X9.0', '_INBOX.a.b-c_d']) expect(isInbox(good), good).to.equal(true);
    for (const bad of [
      '_INBOX',
      '_INBOX.',
      '_INBOX.*',
      '_INBOX.a.>',
      'x._INBOX.a',
      '_INBOX.a b',
      'troupe.command.x',
      '_INBOX..a',
      '_INBOX.a\n',
    ]) {
      expect(isInbox(bad), bad).to.equal(false);
    }
  });
});
