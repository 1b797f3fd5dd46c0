/** For sibling packages: figures of a role for a program that starts it itself. */
export { createRoleMetrics, type RoleMetrics } from './metrics/role.ts';
