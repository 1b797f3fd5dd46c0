const SAID: ReadonlySet<string> = new Set([
  'quarantined',
  'thawed',
  'undecodable',
  'unknownTask',
  'newerVersion',
  'taskBuried',
  'taskCrashed',
  'stoodStill',
  'drained',
  'taskHandedBack',
  'refused',
  'overloaded',
  'resumed',
]);

/** Whether an event of a role is one that an operator must see; the rest is in EVENTS and in the records. */
export function isForOperators(event: { readonly type: string }): boolean {
  return SAID.has(event.type);
}
