import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { programs } from './installation.ts';

const page = readFileSync(`${programs}../open-wire.md`, 'utf8');

describe('docs/open-wire.md', () => {
  it('shows the programs as they are run here, word for word', () => {
    const shown = [...page.matchAll(/<!-- open-wire\/(\S+) -->\n```\w+\n([^]*?)\n```/g)];
    expect(shown.length).to.be.at.least(8);
    for (const [, name, text] of shown) expect(readFileSync(programs + name, 'utf8'), name).to.include(text!);
  });

  it('names every program', () => {
    for (const name of readdirSync(programs)) if (!name.startsWith('__')) expect(page, name).to.include(`open-wire/${name}`);
  });
});
