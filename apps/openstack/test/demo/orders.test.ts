import { expect } from 'chai';
import { parseOrders, twentyInstances } from '@troupe/openstack/internal';

const messageOf = (text: string): string => {
  try {
    parseOrders(text);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('the orders of the demonstration', () => {
  it('are twenty instances with two volumes each, the first of which boots', () => {
    const orders = twentyInstances();
    expect(orders).to.have.lengthOf(20);
    for (const { rows } of orders) {
      expect(rows.map(({ ref }) => ref.kind)).to.deep.equal(['volume', 'volume', 'instance']);
      expect(rows.map(({ data }) => data['image'])).to.deep.equal(['cirros', undefined, undefined]);
    }
  });

  it('come from lines of JSON, empty lines apart', () => {
    const row = { ref: { kind: 'volume', id: 'v' }, data: { provider: 'p', name: 'v', sizeGb: 1 } };
    const text = `\n${JSON.stringify({ executor: 'a', resource: row.ref, input: { x: 1 }, rows: [row] })}\r\n\n{"executor":"b"}\n`;
    expect(parseOrders(text)).to.deep.equal([
      { executor: 'a', resource: row.ref, input: { x: 1 }, rows: [row] },
      { executor: 'b', rows: [] },
    ]);
  });

  it('name every wrong line with its number and field', () => {
    const lines = ['nonsense', '{"executor":1}', '{"executor":"a","resource":{"kind":"volume"}}', '[]', '{"executor":"a","foo":1}'];
    expect(messageOf(lines.join('\n')).split('\n')).to.deep.equal([
      'line 1: the line is not JSON',
      'line 2: executor must be text',
      'line 3: resource must be {"kind": text, "id": text}',
      'line 4: the line must be an object',
      'line 5: foo is not known',
    ]);
    const rows = (row: unknown): string => messageOf(JSON.stringify({ executor: 'a', rows: [row] }));
    expect(rows(null)).to.match(/^line 1: rows\.0\.ref must be/);
    expect(rows({ ref: { kind: 'boat', id: 'b' } })).to.match(/^line 1: rows\.0\.ref\.kind must be one of volume, instance/);
    expect(rows({ ref: { kind: 'volume', id: 'b' }, data: { provider: 'p', name: 'b' } })).to.match(
      /^line 1: rows\.0\.data is no volume: .*sizeGb/,
    );
    expect(messageOf('\n')).to.equal('there is no command in it');
  });
});
