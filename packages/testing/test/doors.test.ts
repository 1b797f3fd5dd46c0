import { expect } from 'chai';
import * as publicDoor from '@troupe/testing';
import * as siblingDoor from '@troupe/testing/internal';

describe('the doors of @troupe/testing', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
