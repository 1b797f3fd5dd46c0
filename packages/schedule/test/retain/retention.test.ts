import { explainRetention } from '@troupe/schedule';
import { expect } from 'chai';
import { type BackupOptions, createBackups, DAY_MS } from './backups.ts';

for (const twice of [false, true]) {
  describe(`a schedule of backups${twice ? ' whose every message comes twice, late and after a crash' : ''}`, () => {
    function setup(options: BackupOptions = {}) {
      const backups = createBackups({ twice, ...options });
      backups.define();
      const { world } = backups;
      const decided = () => world.schedule.outcomes.map(({ what, ended }) => `${what} ${ended ?? ''}`.trim());
      const explain = () => explainRetention('pulls', world.recordOf('retention', 'pulls'), world.now);
      return { ...backups, backups, decided, explain };
    }

    it('makes one for each nominal time, keeps it as long as it says, and orders it heavy (S93)', () => {
      const { backups, world, made, commands, decided } = setup({ retain: { max: 5, keep: '7d' } });
      world.advance(2 * 3_600_000);
      backups.answerTasks();
      expect(commands()).to.have.length(1);
      expect(commands()[0]).to.deep.include({ executor: 'backup.create', options: { class: 'heavy' } });
      expect(backups.there.get(made[0]!)).to.deep.include({ state: 'CREATING', keepUntil: world.now + 7 * DAY_MS });
      backups.end(commands()[0]!.id);
      expect(decided()).to.deep.equal(['ran succeeded']);
      backups.pass(3);
      expect(made).to.deep.equal([
        'b-2026-06-01T02:00:00.000Z',
        'b-2026-06-02T02:00:00.000Z',
        'b-2026-06-03T02:00:00.000Z',
        'b-2026-06-04T02:00:00.000Z',
      ]);
    });

    it('deletes at the maximum the oldest that rest, by the time they are kept, then by age, and creates for the same nominal time (S93)', () => {
      const { backups, world, made, decided, running } = setup({ retain: { max: 4 } });
      backups.add('old', 'OK');
      backups.add('busy', 'UPDATING', 1);
      world.advance(1_000);
      backups.add('kept short', 'ERRED', world.now + 90 * DAY_MS);
      backups.add('young', 'OK');
      backups.add('younger', 'OK');
      world.advance(2 * 3_600_000);
      backups.answerTasks();
      // five of four: one must go, and one more for the new one
      expect(running().map(({ resource }) => resource.id)).to.deep.equal(['kept short']);
      expect(made).to.deep.equal([]);
      backups.end(running()[0]!.id);
      backups.answerTasks();
      expect(running().map(({ resource }) => resource.id)).to.deep.equal(['old']);
      backups.end(running()[0]!.id);
      backups.settle();
      expect(made).to.deep.equal(['b-2026-06-01T02:00:00.000Z']);
      expect([...backups.there.keys()].sort()).to.deep.equal(['b-2026-06-01T02:00:00.000Z', 'busy', 'young', 'younger']);
      expect(decided()).to.deep.equal(['ran succeeded']);
      expect(world.schedule.outcomes[0]!.counts).to.deep.equal({ created: 1, deleted: 2, deleteFailed: 0 });
    });

    it('deletes as many as there are too many, at once', () => {
      const { backups, world, running } = setup({ retain: { max: 2 } });
      for (const id of ['a', 'b', 'c', 'd', 'e']) {
        backups.add(id, 'OK');
        world.advance(1_000);
      }
      world.advance(2 * 3_600_000);
      backups.answerTasks();
      expect(running().map(({ resource }) => resource.id)).to.deep.equal(['a', 'b', 'c']);
    });

    it('deletes nothing and creates nothing while a deletion runs, and passes over what comes meanwhile (S93)', () => {
      const { backups, world, made, commands, decided, explain } = setup({ retain: { max: 2 } });
      backups.add('a', 'DELETING');
      backups.add('b', 'OK');
      world.advance(DAY_MS);
      backups.answerTasks();
      expect(commands()).to.deep.equal([]);
      expect(explain()).to.contain('the maximum is reached, waits for room, looks again in 10m');
      world.advance(DAY_MS);
      backups.answerTasks();
      expect(decided()).to.deep.equal(['ran', 'skippedOverlap']);
      backups.there.delete('a');
      world.advance(600_000);
      backups.settle();
      expect(made).to.deep.equal(['b-2026-06-01T02:00:00.000Z']);
      expect(decided()).to.deep.equal(['ran succeeded', 'skippedOverlap']);
      backups.pass(1);
      expect(made.at(-1)).to.equal('b-2026-06-03T02:00:00.000Z');
    });

    it('looks again later when a delete fails or nothing rests', () => {
      const { backups, world, made, running } = setup({ retain: { max: 1, recheck: '30m' } });
      backups.add('a', 'OK');
      world.advance(2 * 3_600_000);
      backups.answerTasks();
      backups.end(running()[0]!.id, 'failed', { code: 'backend', message: 'it broke' });
      backups.answerTasks();
      expect(running()).to.deep.equal([]);
      world.advance(1_800_000);
      backups.settle();
      expect(backups.deleted).to.deep.equal(['a']);
      expect(made).to.have.length(1);
      expect(world.schedule.outcomes[0]!.counts).to.deep.equal({ created: 1, deleted: 1, deleteFailed: 1 });
    });

    it('is deactivated with a message when the quota does not allow it, and nothing is created, until a user resumes it (S94)', () => {
      const { backups, world, made, commands, decided } = setup();
      backups.quota = 'quota_exceeded';
      world.advance(2 * 3_600_000);
      backups.settle();
      expect([made, commands()]).to.deep.equal([[], []]);
      expect(world.schedule.pausedFor).to.deep.include({ automatic: true, message: 'Your quota of backups is used up.' });
      backups.pass(3);
      expect(decided()).to.deep.equal(['ran failed']);
      backups.quota = undefined;
      world.verb('resume');
      // the next time is reckoned from now: what passed is not made up for (S91)
      backups.pass(1);
      expect(made).to.deep.equal(['b-2026-06-05T02:00:00.000Z']);
    });

    it('is deactivated when a creation fails, and goes on when it is told to keep going (S94)', () => {
      for (const [pauseOn, status] of [
        [undefined, 'paused'],
        [[], 'active'],
      ] as const) {
        const { backups, world, running } = setup(pauseOn === undefined ? {} : { more: { pauseOn } });
        world.advance(2 * 3_600_000);
        backups.answerTasks();
        backups.end(running()[0]!.id, 'failed', { code: 'backend', message: 'the snapshot broke' });
        expect(world.schedule.status).to.equal(status);
        expect(world.schedule.outcomes[0]).to.deep.include({ ended: 'failed', error: 'backend: the snapshot broke' });
      }
    });

    it('is deactivated when the creation is refused', () => {
      const { backups, world, running } = setup();
      world.advance(2 * 3_600_000);
      backups.answerTasks();
      backups.end(running()[0]!.id, 'rejected', { code: 'conflict', message: 'it is being resized' });
      expect(world.schedule.pausedFor!.reason).to.equal('conflict: it is being resized');
    });

    it('deletes each when it has been kept long enough, if it is OK, each by an operation of its own (S95)', () => {
      const { backups, world, running, explain } = setup({ retain: { keep: '2d' } });
      backups.pass(1);
      const [first] = backups.made;
      // seen at the next look, which is at the next nominal time
      backups.add('by hand', 'OK', world.now + DAY_MS);
      backups.add('broken', 'ERRED', world.now + DAY_MS);
      backups.add('for ever', 'OK', null);
      backups.pass(1);
      expect(backups.deleted).to.deep.equal(['by hand']);
      expect(explain()).to.match(/^run .* succeeded; looks in .* for what has been kept long enough$/);
      backups.there.set('x', { state: 'UPDATING', createdAt: 0, keepUntil: world.now });
      world.advance(2 * 3_600_000);
      backups.answerTasks();
      expect(running().map(({ resource }) => resource.id)).to.include(first);
      backups.settle();
      expect(backups.deleted).to.deep.equal(['by hand', first]);
      backups.there.set('x', { state: 'OK', createdAt: 0, keepUntil: world.now });
      world.advance(600_000);
      backups.settle();
      expect(backups.deleted).to.include('x');
      expect(backups.there.has('broken')).to.equal(true);
      expect(backups.there.has('for ever')).to.equal(true);
    });

    it('goes on deleting what it made when it is paused, and when it is deleted, and then ends', () => {
      const { backups, world } = setup({ retain: { keep: '2d' } });
      backups.pass(1);
      world.verb('pause');
      backups.pass(0.5);
      world.verb('delete');
      backups.pass(2);
      expect(backups.deleted).to.deep.equal(backups.made);
      expect([world.isEnded('schedule'), world.isEnded('retention')]).to.deep.equal([true, true]);
    });

    it('stops when it is deleted while it waits, prepares or creates', () => {
      const waits = setup({ retain: { max: 1 } });
      waits.backups.add('a', 'DELETING');
      waits.world.advance(2 * 3_600_000);
      waits.backups.answerTasks();
      waits.world.verb('delete');
      expect(waits.decided()).to.deep.equal(['ran cancelled']);

      const prepares = setup();
      prepares.world.advance(2 * 3_600_000);
      // the listing, and then what it prepares stays open
      const [listing] = prepares.world.open;
      prepares.world.open = [];
      prepares.world.outcome(listing!, { kind: 'succeeded', output: { items: [] } });
      prepares.world.verb('delete');
      expect(prepares.world.signals).to.have.length(1);
      prepares.world.outcome(prepares.world.open[0]!, { kind: 'cancelled' });
      expect(prepares.decided()).to.deep.equal(['ran cancelled']);

      const creates = setup();
      creates.world.advance(2 * 3_600_000);
      creates.backups.answerTasks();
      creates.world.verb('delete');
      expect(creates.world.ordered.at(-1)).to.deep.include({ type: 'verb.cancel', id: creates.running()[0]!.id });
      creates.backups.end(creates.running()[0]!.id, 'cancelled');
      expect(creates.decided()).to.deep.equal(['ran cancelled']);
      expect(creates.world.isEnded('retention')).to.equal(true);
    });

    it('fails when its listing does, or lists what is nothing to keep', () => {
      for (const [outcome, error] of [
        [{ kind: 'failed', error: { code: 'backend', message: 'no' } }, 'backend: the listing failed: no'],
        [
          { kind: 'succeeded', output: { items: [{ key: 'a', input: {} }] } },
          'invalid_output: the listing failed: items.0.input.state of a listed page must be the state of the resource',
        ],
      ] as const) {
        const { world } = setup();
        world.advance(2 * 3_600_000);
        const first = world.open.shift()!;
        world.outcome(first, outcome as never);
        world.advance(10_000);
        if (outcome.kind === 'failed') world.outcome(world.open.shift()!, outcome as never);
        expect(world.schedule.pausedFor!.reason).to.equal(error);
      }
    });
  });
}
