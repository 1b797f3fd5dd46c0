import { expect } from 'chai';
import * as publicDoor from '@troupe/resource';
import * as siblingDoor from '@troupe/resource/internal';

describe('the doors of @troupe/resource', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
