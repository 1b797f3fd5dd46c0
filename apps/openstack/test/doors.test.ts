import { expect } from 'chai';
import * as publicDoor from '@troupe/openstack';
import * as siblingDoor from '@troupe/openstack/internal';

describe('the doors of @troupe/openstack', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
