import { BackendError } from './errors.ts';

/** Where the cloud is and who we are there. The names in brackets are those of the environment. */
export interface BackendConfig {
  /** Keystone, with or without `/v3` (OS_AUTH_URL). */
  readonly authUrl: string;
  /** (OS_USERNAME) */
  readonly username: string;
  /** (OS_PASSWORD) */
  readonly password: string;
  /** (OS_PROJECT_NAME) */
  readonly projectName: string;
  /** Instead of its name. */
  readonly projectId?: string | undefined;
  /** Of the user (OS_USER_DOMAIN_NAME). Default `Default`. */
  readonly userDomainName?: string | undefined;
  /** Of the project (OS_PROJECT_DOMAIN_NAME). Default: the user's. */
  readonly projectDomainName?: string | undefined;
  /** Which endpoints of the catalogue to use (OS_REGION_NAME). Default: those of any region. */
  readonly region?: string | undefined;
  /** `public`, `internal` or `admin` endpoints (OS_INTERFACE). Default `public`. */
  readonly endpointInterface?: string | undefined;
  /** How long a log-in may take, which all calls share. Default 30000. */
  readonly logInLimitMs?: number | undefined;
}

/**
 * Reads the usual OS_* variables.
 * @throws BackendError `invalid_config`, naming the variable that is missing.
 */
export function backendConfigFromEnvironment(environment: Readonly<Record<string, string | undefined>>): BackendConfig {
  const optional = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const required = (name: string): string => {
    const value = optional(name);
    if (value !== undefined) return value;
    throw new BackendError('invalid_config', `The environment variable ${name} is not set.`, { data: { field: name } });
  };
  return {
    authUrl: required('OS_AUTH_URL'),
    username: required('OS_USERNAME'),
    password: required('OS_PASSWORD'),
    projectName: required('OS_PROJECT_NAME'),
    userDomainName: optional('OS_USER_DOMAIN_NAME'),
    projectDomainName: optional('OS_PROJECT_DOMAIN_NAME'),
    region: optional('OS_REGION_NAME'),
    endpointInterface: optional('OS_INTERFACE'),
  };
}
