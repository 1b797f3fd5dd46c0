/** Rules of pulls, followers, spans and outcomes, in the form that `rules.mjs` explains. */
export const pullRules = [
  {
    name: 'a pull that is written whoever has its resource',
    file: 'packages/actor/src/resource-rules.ts',
    find: "  if (record.currentOperation !== null) return refuse('conflict', record);\n  if (record.revision !== write.revision) return refuse('stale', record);\n  if (write.from",
    replace: '  if (write.from',
    package: 'packages/executor',
    test: 'C14 a pull that ends while an operation has begun changes nothing',
  },
  {
    name: 'a part of a pull that may say that the whole is gone',
    file: 'packages/executor/src/operation/finding.ts',
    find: "  if (seen.look !== 'failed') return undefined;",
    replace: '',
    package: 'packages/executor',
    test: 'S68 only the look may say that it is gone or broken',
  },
  {
    name: 'a pull that repeats its error',
    file: 'packages/executor/src/operation/finding.ts',
    find: "      return seen.error === undefined ? { write: findingWrite('erred', at, error), became: 'ERRED' } : {};",
    replace: "      return { write: findingWrite('erred', at, error), became: 'ERRED' };",
    package: 'packages/executor',
    test: 'S86 is quiet about an error of a resource that is ERRED already',
  },
  {
    name: 'a pull that does not recover',
    file: 'packages/executor/src/operation/finding.ts',
    find: '      if (seen.error !== undefined) return',
    replace: "      if (seen.error === '') return",
    package: 'packages/executor',
    test: 'S69 recovers an ERRED resource: message and trace are cleared',
  },
];
