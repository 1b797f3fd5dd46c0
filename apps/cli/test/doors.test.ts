import { expect } from 'chai';
import * as publicDoor from '@troupe/cli';
import * as siblingDoor from '@troupe/cli/internal';

describe('the doors of @troupe/cli', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
