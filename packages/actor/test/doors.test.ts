import { expect } from 'chai';
import * as publicDoor from '@troupe/actor';
import * as siblingDoor from '@troupe/actor/internal';

describe('the doors of @troupe/actor', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
