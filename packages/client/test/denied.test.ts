import { isDenied } from '@troupe/client/internal';
import { TroupeError } from '@troupe/protocol';
import { expect } from 'chai';

const named = (name: string, more: object = {}): Error => Object.assign(new Error(name), { name, ...more });

describe('a refusal of the server is recognised', () => {
  it('in the form of each client, wherever it stands among the causes', () => {
    const new3 = named('PermissionViolationError');
    const old2 = named('NatsError', { code: 'PERMISSIONS_VIOLATION' });
    const ours = new TroupeError('not_permitted', 'x');
    for (const error of [new3, old2, ours]) {
      expect(isDenied(error)).to.equal(true);
      expect(isDenied(new Error('outer', { cause: error }))).to.equal(true);
      expect(isDenied(new TroupeError('unavailable', 'x', { cause: named('RequestError', { cause: error }) }))).to.equal(true);
    }
  });

  it('and told from everything else', () => {
    const circular = named('a');
    circular.cause = circular;
    for (const other of [
      undefined,
      null,
      'PERMISSIONS_VIOLATION',
      new Error('permission denied'),
      named('TimeoutError'),
      new TroupeError('unavailable', 'x'),
      circular,
      {},
    ]) {
      expect(isDenied(other)).to.equal(false);
    }
  });
});
