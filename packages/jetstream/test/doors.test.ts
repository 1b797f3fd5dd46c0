import { expect } from 'chai';
import * as publicDoor from '@troupe/jetstream';
import * as siblingDoor from '@troupe/jetstream/internal';

describe('the doors of @troupe/jetstream', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
