import { expect } from 'chai';
import * as publicDoor from '@troupe/app-supervisor';
import * as siblingDoor from '@troupe/app-supervisor/internal';

describe('the doors of @troupe/app-supervisor', () => {
  it('lead to two modules that share no name', () => {
    const both = Object.keys(siblingDoor).filter((name) => name in publicDoor);
    expect(both).to.deep.equal([]);
  });
});
