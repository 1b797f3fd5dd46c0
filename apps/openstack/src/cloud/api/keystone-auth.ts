import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';
import { domain } from '../model/identity.ts';
import type { Identity, Project, Token, User } from '../model/identity.ts';
import { parseBody } from './parse.ts';

const domainReference = z.object({ id: z.string(), name: z.string() }).partial();

const authSchema = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.array(z.string()).min(1),
      password: z
        .object({
          user: z.object({
            id: z.string().optional(),
            name: z.string().optional(),
            domain: domainReference.optional(),
            password: z.string(),
          }),
        })
        .optional(),
      token: z.object({ id: z.string() }).optional(),
    }),
    scope: z
      .union([
        z.literal('unscoped'),
        z.object({ project: z.object({ id: z.string().optional(), name: z.string().optional(), domain: domainReference.optional() }) }),
      ])
      .optional(),
  }),
});

type Auth = z.infer<typeof authSchema>['auth'];

/** Answers `POST /v3/auth/tokens`: by password or by an earlier token, with or without a project. */
export function authenticate(identity: Identity, body: unknown): Token {
  const { auth } = parseBody(authSchema, body);
  const { user, expiresAt } = identify(identity, auth);
  return identity.issue(user, scopeOf(identity, auth, user), auth.identity.methods, expiresAt);
}

function identify(identity: Identity, { identity: { methods, password, token } }: Auth): { user: User; expiresAt?: number } {
  if (methods.includes('password') && password !== undefined) {
    const { id, name, domain: home, password: secret } = password.user;
    const user = identity.findUser((candidate) => (id === undefined ? candidate.name === name && isOurs(home) : candidate.id === id));
    if (user === undefined || user.password !== secret) throw unauthorized();
    return { user };
  }
  if (methods.includes('token') && token !== undefined) {
    const earlier = identity.validate(token.id);
    if (earlier === undefined) throw unauthorized();
    // A token made from a token does not live longer than that one.
    return { user: earlier.user, expiresAt: earlier.expiresAt };
  }
  throw unauthorized();
}

function scopeOf(identity: Identity, { scope }: Auth, user: User): Project | undefined {
  if (scope === undefined || scope === 'unscoped') return undefined;
  const { id, name, domain: home } = scope.project;
  // an admin sees all projects, but works in those where it has a role
  const project = identity
    .projects()
    .filter((candidate) => user.projectIds.includes(candidate.id))
    .find((candidate) => (id === undefined ? candidate.name === name && isOurs(home) : candidate.id === id));
  if (project === undefined) throw unauthorized();
  return project;
}

function isOurs(reference: z.infer<typeof domainReference> | undefined): boolean {
  return reference?.id === domain.id || reference?.name === domain.name;
}

function unauthorized(): ApiError {
  return new ApiError(401, 'The request you have made requires authentication.');
}
