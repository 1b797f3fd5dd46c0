import { expect } from 'chai';
import * as publicDoor from '@troupe/schedule';
import * as siblingDoor from '@troupe/schedule/internal';

describe('the doors of @troupe/schedule', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
