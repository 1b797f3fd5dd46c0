import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { initialState, lifeCycleStates, transitions } from '@troupe/resource';
import { drawLifeCycle, tabulateFamilies, tabulateStates, tabulateTransitions } from '@troupe/resource/internal';

const page = readFileSync(new URL('../../../docs/lifecycle-resource.md', import.meta.url), 'utf8');

describe('the page about the life-cycle of a resource', () => {
  const parts = { drawing: drawLifeCycle, states: tabulateStates, transitions: tabulateTransitions, families: tabulateFamilies };
  for (const [name, make] of Object.entries(parts)) {
    it(`shows the ${name} as the code has them`, () => {
      expect(page).to.include(`\n${make()}\n`);
    });
  }

  it('has no drawing besides that one', () => {
    expect(page.match(/^```mermaid$/gm)).to.have.length(1);
  });
});

describe('the drawing', () => {
  const drawn = new Map<string, string[]>();
  for (const line of drawLifeCycle().split('\n').slice(1)) {
    const [, from, to, names] = /^ {2}(\S+) --> (\S+) : (.+)$/.exec(line) ?? [];
    drawn.set(`${from} ${to}`, (names ?? '').split(', '));
  }

  it('has an arrow for every legal change of state that is not legal everywhere, and no other', () => {
    const expected = new Map<string, string[]>();
    for (const [name, { from, to }] of Object.entries(transitions)) {
      if ((from as readonly string[]).length === lifeCycleStates.length) continue;
      const sources: readonly string[] = from.length === 0 ? ['[*]'] : from;
      for (const source of sources) {
        if (source === to) continue;
        const key = `${source} ${to ?? '[*]'}`;
        expected.set(key, [...(expected.get(key) ?? []), name]);
      }
    }
    expect(Object.fromEntries(drawn)).to.deep.equal(Object.fromEntries(expected));
  });

  it('begins in the initial state and shows every state', () => {
    expect(drawn.get(`[*] ${initialState}`)).to.deep.equal(['insert']);
    const shown = new Set([...drawn.keys()].flatMap((arrow) => arrow.split(' ')));
    const reached = lifeCycleStates.filter((state) => shown.has(state));
    // whatever can be entered is drawn; ERRED is left by three arrows though every arrow into it is legal everywhere
    expect(reached).to.deep.equal([...lifeCycleStates]);
  });
});
