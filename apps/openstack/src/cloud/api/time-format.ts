/** Nova, Neutron, Glance: `2026-01-01T00:00:00Z`. */
export function isoSeconds(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Cinder and Nova's launch times: `2026-01-01T00:00:00.000000`, without a zone. */
export function isoMicroseconds(atMs: number): string {
  return new Date(atMs).toISOString().replace(/(\.\d{3})Z$/, '$1000');
}

/** Keystone: `2026-01-01T00:00:00.000000Z`. */
export function isoMicrosecondsZulu(atMs: number): string {
  return `${isoMicroseconds(atMs)}Z`;
}
