import { expect } from 'chai';
import * as publicDoor from '@troupe/runtime';
import * as siblingDoor from '@troupe/runtime/internal';

describe('the doors of @troupe/runtime', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
