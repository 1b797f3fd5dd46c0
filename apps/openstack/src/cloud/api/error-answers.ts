import { ApiError } from '../core/api-error.ts';
import type { Answer, ServiceName } from './route.ts';

/** Names of the fault elements of Nova and Cinder, by status. What is not listed is a `computeFault`, in Cinder too. */
const faultNames: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

const reasonPhrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** Types of Neutron's errors that carry none of their own. */
const neutronTypes: Readonly<Record<number, string>> = {
  400: 'HTTPBadRequest',
  403: 'PolicyNotAuthorized',
  404: 'HTTPNotFound',
  409: 'Conflict',
};

/** The error in the words and the shape of the service that answers. */
export function errorAnswer(service: ServiceName, error: ApiError): Answer {
  const { status, message, retryAfterSeconds } = error;
  const headers: Record<string, string> = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  switch (service) {
    case 'nova':
    case 'cinder': {
      const retryAfter = retryAfterSeconds === undefined ? {} : { retryAfter: String(retryAfterSeconds) };
      return { status, headers, body: { [faultNames[status] ?? 'computeFault']: { code: status, message, ...retryAfter } } };
    }
    case 'neutron':
      return {
        status,
        headers,
        body: { NeutronError: { type: error.type ?? neutronTypes[status] ?? 'HTTPInternalServerError', message, detail: '' } },
      };
    case 'glance':
      return { status, headers: { ...headers, 'Content-Type': 'text/html; charset=UTF-8' }, body: glancePage(status, message) };
    case 'keystone':
    case 'admin':
      return { status, headers, body: keystoneBody(status, message) };
  }
}

/** What the token filter in front of every service says. */
export function unauthorizedAnswer(baseUrl: string): Answer {
  return {
    status: 401,
    headers: { 'WWW-Authenticate': `Keystone uri="${baseUrl}/v3"` },
    body: keystoneBody(401, 'The request you have made requires authentication.'),
  };
}

function keystoneBody(status: number, message: string): unknown {
  return { error: { code: status, message, title: reasonPhrases[status] ?? 'Error' } };
}

function glancePage(status: number, message: string): string {
  const title = `${status} ${reasonPhrases[status] ?? 'Error'}`;
  const text = message.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n  <h1>${title}</h1>\n  ${text}<br /><br />\n </body>\n</html>`;
}
