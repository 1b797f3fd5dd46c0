/**
 * What can go wrong between us and the cloud. A code is for ever and is what code branches on; the cloud's own text is for people.
 * "Retryable" says that the same call may do better later; whether it may be repeated at all is another question: `outcomeUnknown`.
 */
export const backendErrorCodes = {
  bad_request: { retryable: false, meaning: '400: the cloud refuses the request, or the object is in the wrong state (Cinder).' },
  unauthorized: { retryable: false, meaning: '401 although the token is fresh: wrong credentials.' },
  forbidden: { retryable: false, meaning: '403: no right to do this, or a quota of Nova is used up.' },
  not_found: { retryable: false, meaning: '404: the object does not exist, or not for this project.' },
  conflict: { retryable: false, meaning: '409: the object is in the wrong state, in use, or over a quota of Neutron.' },
  over_limit: {
    retryable: true,
    meaning: '413, 429: too many calls, or a quota of Cinder is used up; `retryAfterMs` says when to come back.',
  },
  refused: { retryable: false, meaning: 'Another 4xx.' },
  server_error: { retryable: true, meaning: '5xx: the cloud failed; it may have done its work all the same.' },
  network: { retryable: true, meaning: 'No answer: refused, reset, or unreachable.' },
  aborted: { retryable: false, meaning: 'The caller gave up through its signal; `cause` is the reason it gave.' },
  malformed: { retryable: false, meaning: 'The answer is not what the API promises; `data.field` names the place.' },
  no_endpoint: { retryable: false, meaning: 'The catalogue has no endpoint of that service in the wanted region.' },
  invalid_config: { retryable: false, meaning: 'The configuration lacks something; `data.field` names it.' },
} as const;

export type BackendErrorCode = keyof typeof backendErrorCodes;

export interface BackendErrorData {
  readonly service?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  /** The cloud's own name for the error: `itemNotFound`, `PortNotFound`. */
  readonly fault?: string | undefined;
  /** What the operators of the cloud ask for first. */
  readonly requestId?: string | undefined;
  readonly field?: string | undefined;
}

export interface BackendErrorOptions {
  readonly data?: BackendErrorData;
  readonly cause?: unknown;
  readonly retryAfterMs?: number | undefined;
  readonly outcomeUnknown?: boolean;
}

const brand: unique symbol = Symbol.for('@troupe/openstack.BackendError');

/** You see this when a call to the cloud did not bring what was asked for. Recognise it with `isBackendError` and its code. */
export class BackendError extends Error {
  readonly code: BackendErrorCode;
  readonly retryable: boolean;
  /** The call changes something and may have had its effect: look before you repeat it. */
  readonly outcomeUnknown: boolean;
  /** How long the cloud asks us to wait. */
  readonly retryAfterMs: number | undefined;
  readonly data: BackendErrorData;

  constructor(code: BackendErrorCode, message: string, options: BackendErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'BackendError';
    this.code = code;
    this.retryable = backendErrorCodes[code].retryable;
    this.outcomeUnknown = options.outcomeUnknown ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.data = options.data ?? {};
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True also for an error of another copy of this module. With `code`, only for that one. */
export function isBackendError(error: unknown, ...codes: readonly BackendErrorCode[]): error is BackendError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return codes.length === 0 || codes.includes((error as unknown as BackendError).code);
}

/** The code that a status of an answer stands for. */
export function codeOfStatus(status: number): BackendErrorCode {
  switch (status) {
    case 400:
      return 'bad_request';
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not_found';
    case 409:
      return 'conflict';
    case 413:
    case 429:
      return 'over_limit';
    default:
      return status >= 500 ? 'server_error' : 'refused';
  }
}
