import { expect } from 'chai';
import * as publicDoor from '@troupe/protocol';
import * as siblingDoor from '@troupe/protocol/internal';

describe('the doors of @troupe/protocol', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
