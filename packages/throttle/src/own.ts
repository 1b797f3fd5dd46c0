/**
 * Maps by names that others choose. Every object of JavaScript has a `constructor`: looked up without care, a kind or a tenant of that name would
 * have a function for a limit, which nothing exceeds.
 */

/** What a map says of a name by itself. */
export function own<T>(map: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}

/** A copy that knows no name but its own, and takes any. */
export function bare<T>(map: Readonly<Record<string, T>> | undefined): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, map);
}
