/** Limits that hold: scopes, leases and waiters as an entity. */
export {};
