/**
 * Rules that may be switched off one at a time, to see that a named test notices. Each entry says which line of the
 * product it breaks (`find` must stand exactly once in `file`), and which test must go red for it.
 */
export const rules = [
  {
    name: 'acknowledge before commit',
    file: 'packages/actor/src/host.ts',
    find: '      const committed = await this.commit(cell, loaded, folded, inputs);',
    replace: '      this.holds.acknowledge(inputs);\n      const committed = await this.commit(cell, loaded, folded, inputs);',
    package: 'packages/actor',
    test: 'leaves nothing before the commit: a host that dies there changed nothing',
  },
  {
    name: 'items without nonce',
    file: 'packages/actor/src/entity-record.ts',
    find: '      if (highest === undefined || stored.n > highest) continue;',
    replace: '',
    package: 'packages/actor',
    test: 'of an uncommitted turn never count',
  },
  {
    name: 'emission again by default',
    file: 'packages/actor/src/activation.ts',
    find: '  return anyPresent(input.inputs, stored.root.in);',
    replace: '  return true;',
    package: 'packages/actor',
    test: 'does not emit again when the record is old and its inputs are gone: gone means confirmed',
  },
  {
    name: 'ignore by a stale cache',
    file: 'packages/actor/src/host.ts',
    find: '        if (!current) {',
    replace: '        if (!current && revision < 0) {',
    package: 'packages/actor',
    test: 'does not ignore by a stale cache what the record of another host waits for',
  },
  {
    name: 'no compare-and-set',
    file: 'packages/jetstream/src/record-store.ts',
    find: '          expectLastSubjectSequence: expectedRevision,',
    replace: '',
    package: 'packages/jetstream',
    test: 'commits',
  },
  {
    name: 'fence by epoch only',
    file: 'packages/actor/src/resource-rules.ts',
    find: "  if (stamp.turn < fence.turn) return refuse('stale', record);",
    replace: '',
    package: 'packages/actor',
    test: 'is stale under an older epoch, after giving back, and for an older turn of the same epoch',
  },
  {
    name: 'end without a tombstone',
    file: 'packages/actor/src/host.ts',
    find: '      if (tombstone !== undefined) await records.putTombstone(cell.address, tombstone.body, tombstone.ttlMs);',
    replace: '',
    package: 'packages/testing',
    test: 'what may not happen twice happens once, with a crash at any one write',
  },
  {
    name: 'ghost of a forgotten take',
    file: 'packages/actor/src/resource-rules.ts',
    find: "  if (stamp.turn <= record.fence.forgotten) return refuse('stale', record);",
    replace: '',
    package: 'packages/actor',
    test: 'fails for such a ghost also when its write has long been forgotten',
  },
  {
    name: 'resource written without comparing',
    file: 'packages/jetstream/src/resource-store.ts',
    find: '              expectLastSubjectSequence: current.sequence,',
    replace: '',
    package: 'packages/jetstream',
    test: 'gives a resource to one of many who ask at once',
  },
];
