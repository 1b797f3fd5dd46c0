import { expect } from 'chai';
import * as publicDoor from '@troupe/postgres';
import * as siblingDoor from '@troupe/postgres/internal';

describe('the doors of @troupe/postgres', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
