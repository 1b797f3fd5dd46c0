import { BackendError, codeOfStatus } from './errors.ts';

export interface HttpRequest {
  /** For messages: `compute`. */
  readonly service: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined for an empty answer. */
  readonly body: unknown;
}

/** Failures after which we know that the request never left. */
const neverSent: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * One exchange. Resolves for 2xx only.
 * @throws BackendError for everything else
 */
export async function exchange(request: HttpRequest): Promise<HttpAnswer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(request.url, {
      method: request.method,
      headers: {
        Accept: 'application/json',
        ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      redirect: 'error',
    });
    text = await response.text();
  } catch (error) {
    throw noAnswer(request, error);
  }
  if (!response.ok) throw refusal(request, response, text);
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : parseAnswer(request, response, text) };
}

function noAnswer(request: HttpRequest, error: unknown): BackendError {
  const { service, method, signal } = request;
  const data = { service, method, path: pathOf(request) };
  const mayHaveHappened = method !== 'GET';
  if (signal?.aborted === true) {
    return new BackendError('aborted', `${describe(request)} was given up.`, {
      data,
      cause: signal.reason,
      outcomeUnknown: mayHaveHappened,
    });
  }
  const code = rootCode(error);
  return new BackendError('network', `${describe(request)} got no answer${code === undefined ? '' : ` (${code})`}.`, {
    data,
    cause: error,
    outcomeUnknown: mayHaveHappened && !neverSent.has(code),
  });
}

/** The system's code, which fetch hides below its own error. */
function rootCode(error: unknown): string | undefined {
  for (
    let current: unknown = error;
    typeof current === 'object' && current !== null;
    current = 'cause' in current ? current.cause : undefined
  ) {
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return undefined;
}

function refusal(request: HttpRequest, response: Response, text: string): BackendError {
  const { fault, message } = faultOf(text);
  const { status } = response;
  return new BackendError(codeOfStatus(status), `${describe(request)}: ${status} ${message}`.trim(), {
    data: {
      service: request.service,
      method: request.method,
      path: pathOf(request),
      status,
      fault,
      requestId: response.headers.get('x-openstack-request-id') ?? undefined,
    },
    retryAfterMs: retryAfterOf(response.headers.get('retry-after'), response.headers.get('date')),
    outcomeUnknown: status >= 500 && request.method !== 'GET',
  });
}

/** Reads the three shapes of errors: Nova's and Cinder's, Neutron's, Keystone's. What has another shape is kept as text. */
function faultOf(text: string): { readonly fault: string | undefined; readonly message: string } {
  try {
    const body: unknown = JSON.parse(text);
    const [name, detail] = Object.entries(body as Record<string, unknown>)[0] ?? [];
    const { message, type } = detail as { message?: unknown; type?: unknown };
    return { fault: typeof type === 'string' ? type : name, message: typeof message === 'string' ? message : '' };
  } catch {
    return {
      fault: undefined,
      message: text
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
        .slice(0, 200),
    };
  }
}

/** Seconds or a date, which is read against the server's clock, not ours. */
function retryAfterOf(header: string | null, dateHeader: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  if (header.trim() !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const waitMs = Date.parse(header) - Date.parse(dateHeader ?? '');
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function parseAnswer(request: HttpRequest, response: Response, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BackendError('malformed', `${describe(request)}: the answer (${response.status}) is no JSON.`, {
      data: { service: request.service, method: request.method, path: pathOf(request), status: response.status },
      cause,
      outcomeUnknown: request.method !== 'GET',
    });
  }
}

function describe(request: HttpRequest): string {
  return `${request.service} ${request.method} ${pathOf(request)}`;
}

/** Without host and query: neither belongs into a message that travels. */
function pathOf({ url }: HttpRequest): string {
  return new URL(url).pathname;
}
