/** Virtual clock, in-memory adapters, conformance suites, the rehearsal. */
export {};
