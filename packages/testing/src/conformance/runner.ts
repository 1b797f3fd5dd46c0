import assert from 'node:assert/strict';

/** What a suite needs of a test runner: the functions that mocha, and most others, put into the global scope. */
interface Runner {
  describe(name: string, define: () => void): void;
  it(name: string, run?: () => Promise<void>): void;
}

function runner(): Runner {
  const found = globalThis as unknown as Partial<Runner>;
  if (typeof found.describe !== 'function' || typeof found.it !== 'function') {
    throw new Error('a conformance suite runs inside a test runner that has the global functions describe and it');
  }
  return found as Runner;
}

export function describe(name: string, define: () => void): void {
  runner().describe(name, define);
}

export interface SuiteScope<Fixture> {
  /** A test that gets a fixture of its own, closed afterwards whatever happened. */
  test(name: string, run: (fixture: Fixture) => Promise<void>): void;
  /** The same, if the adapter says that it can; else it is shown as pending, never left out quietly. */
  testIf(able: boolean | undefined, name: string, run: (fixture: Fixture) => Promise<void>): void;
}

export function suiteScope<Fixture extends { close?(): Promise<void> }>(make: () => Promise<Fixture>): SuiteScope<Fixture> {
  const test: SuiteScope<Fixture>['test'] = (name, run) => {
    runner().it(name, async () => {
      const fixture = await make();
      try {
        await run(fixture);
      } finally {
        await fixture.close?.();
      }
    });
  };
  return {
    test,
    testIf(able, name, run) {
      if (able === true) test(name, run);
      else runner().it(name);
    },
  };
}

/** The fields of `expected` are there and equal; others may be there too. */
export function assertIncludes(actual: unknown, expected: Readonly<Record<string, unknown>>): void {
  assert.ok(typeof actual === 'object' && actual !== null, `${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  const fields = actual as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, fields[name]])), expected);
}
