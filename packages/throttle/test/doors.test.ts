import { expect } from 'chai';
import * as publicDoor from '@troupe/throttle';
import * as siblingDoor from '@troupe/throttle/internal';

describe('the doors of @troupe/throttle', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
