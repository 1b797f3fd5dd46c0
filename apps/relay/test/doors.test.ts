import { expect } from 'chai';
import * as publicDoor from '@troupe/app-relay';
import * as siblingDoor from '@troupe/app-relay/internal';

describe('the doors of @troupe/app-relay', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
