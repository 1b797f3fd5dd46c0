import { readFileSync } from 'node:fs';
import { expect } from 'chai';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The members of a string union, as the source declares it. */
function unionIn(path: string, name: string): string[] {
  const declared = new RegExp(`type ${name} =([^;]+);`).exec(read(path))?.[1] ?? '';
  return [...declared.matchAll(/'([^']+)'/g)].map((match) => match[1]!);
}

/** The states that the drawing of a page names. */
function drawnIn(path: string): Set<string> {
  const drawing = /```mermaid\n([\s\S]*?)```/.exec(read(path))?.[1] ?? '';
  return new Set(
    [...drawing.matchAll(/(\w+|\]) --> (\w+|\[)/g)].flatMap(([, from = '', to = '']) => [from, to].filter((one) => /\w/.test(one))),
  );
}

describe('the pages about life-cycles', () => {
  it('draw exactly the phases of an operation', () => {
    const phases = unionIn('packages/executor/src/operation/state.ts', 'Phase');
    expect(phases).to.have.length.above(3);
    expect([...drawnIn('docs/lifecycle-operation.md')]).to.have.members(phases);
  });

  it('draw exactly the states of a service', () => {
    const states = unionIn('packages/actor/src/service.ts', 'ServiceState');
    expect(states).to.have.length.above(3);
    expect([...drawnIn('docs/lifecycle-worker.md')]).to.have.members(states);
  });

  it('name every kind of node that waits', () => {
    const source = read('packages/executor/src/operation/state.ts');
    const phases = [...source.matchAll(/k: '\w+'[^}]*?p: ((?:'\w+'(?: \| )?)+)/g)].flatMap((match) => match[1]!.match(/\w+/g)!);
    expect(phases).to.have.length.above(3);
    const page = read('docs/lifecycle-operation.md');
    for (const phase of phases) expect(page, phase).to.contain(`\`${phase}\``);
  });
});
