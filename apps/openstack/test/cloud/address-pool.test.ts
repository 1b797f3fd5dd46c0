import { expect } from 'chai';
import { createAddressPool } from '@troupe/openstack/internal';

describe('an address pool', () => {
  it('hands out every address of its range once, between gateway and broadcast', () => {
    const pool = createAddressPool('192.0.2.0', 29);
    const all = Array.from({ length: 5 }, () => pool.allocate());
    expect(all).to.deep.equal(['192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6']);
    expect(pool.allocate()).to.equal(undefined);
    expect([pool.gateway, pool.first, pool.last]).to.deep.equal(['192.0.2.1', '192.0.2.2', '192.0.2.6']);
  });

  it('takes back what is released and skips what was claimed', () => {
    const pool = createAddressPool('192.0.2.0', 29);
    expect(pool.claim('192.0.2.2')).to.equal(true);
    expect(pool.claim('192.0.2.2')).to.equal(false);
    expect(pool.allocate()).to.equal('192.0.2.3');
    pool.release('192.0.2.2');
    pool.release('192.0.2.2');
    expect(pool.allocate()).to.equal('192.0.2.2');
    expect(pool.allocate()).to.equal('192.0.2.4');
  });

  it('does not give away an address that was claimed after its release', () => {
    const pool = createAddressPool('192.0.2.0', 29);
    const first = pool.allocate()!;
    pool.release(first);
    expect(pool.claim(first)).to.equal(true);
    expect(pool.allocate()).to.not.equal(first);
  });

  it('refuses what is no address of its range', () => {
    const pool = createAddressPool('192.0.2.0', 29);
    for (const address of ['192.0.2.1', '192.0.2.7', '198.51.100.1', 'nonsense', '1.2.3'])
      expect(pool.claim(address), address).to.equal(false);
  });
});
