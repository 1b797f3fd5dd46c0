import { readFileSync } from 'node:fs';
import { errorCodes } from '@troupe/protocol';
import { expect } from 'chai';

interface Entry {
  readonly code: string;
  readonly text: string;
}

function entries(): Entry[] {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  return page
    .split(/^### /m)
    .slice(1)
    .map((part) => {
      const [heading = '', ...lines] = part.split(/^## /m)[0]!.split('\n');
      return { code: heading.replaceAll('`', '').trim(), text: lines.join('\n').trim() };
    });
}

describe('docs/errors.md', () => {
  it('explains every code of the catalogue, in its order, and no other', () => {
    expect(entries().map((entry) => entry.code)).to.deep.equal(Object.keys(errorCodes));
  });

  for (const { code, text } of entries()) {
    it(`says of ${code} when it is seen and what to do`, () => {
      expect(text).to.match(/^You see this when .+\.\nWhat to do: .+\.$/s);
    });
  }
});

describe('the catalogue of codes', () => {
  it('says in one sentence what each code means', () => {
    for (const [code, text] of Object.entries(errorCodes)) {
      expect(code).to.match(/^[a-z]+(_[a-z]+)*$/);
      expect(text, code).to.match(/^[A-Z].+\.$/);
    }
    expect(new Set(Object.values(errorCodes)).size).to.equal(Object.keys(errorCodes).length);
  });
});
