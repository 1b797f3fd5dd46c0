import { expect } from 'chai';
import * as publicDoor from '@troupe/client';
import * as siblingDoor from '@troupe/client/internal';

describe('the doors of @troupe/client', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
