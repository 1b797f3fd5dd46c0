import { expect } from 'chai';
import * as publicDoor from '@troupe/app-scheduler';
import * as siblingDoor from '@troupe/app-scheduler/internal';

describe('the doors of @troupe/app-scheduler', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
