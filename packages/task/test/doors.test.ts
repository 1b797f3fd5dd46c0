import { expect } from 'chai';
import * as publicDoor from '@troupe/task';
import * as siblingDoor from '@troupe/task/internal';

describe('the doors of @troupe/task', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
