import { expect } from 'chai';
import * as publicDoor from '@troupe/executor';
import * as siblingDoor from '@troupe/executor/internal';

describe('the doors of @troupe/executor', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
