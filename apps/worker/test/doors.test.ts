import { expect } from 'chai';
import * as publicDoor from '@troupe/app-worker';
import * as siblingDoor from '@troupe/app-worker/internal';

describe('the doors of @troupe/app-worker', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
