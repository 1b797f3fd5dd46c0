/** The door of throttles in the AsyncAPI document. */
import { throttleRequests } from './throttle-requests.ts';

const about = {
  acquire: 'Asks for tokens. Answered once: granted, queued (ask again under the same lease), or refused.',
  renew: 'Keeps a lease. Answered by renewed or lost.',
  release: 'Gives a lease or a place back. Answered by released.',
  observe: 'Tells how the backend did, for limits that adapt themselves. Answered by observed.',
  explain: 'Asks why a lease waits, or how full a root is. Answered by explained.',
  limit: 'Changes a limit; a right of operators. Answered by ordered.',
  rate: 'Changes a rate; a right of operators. Answered by ordered.',
  maintenance: 'Stops grants of a scope, or lets them go on; a right of operators. Answered by ordered.',
} as const;

const channelOf = (request: string): string => `throttle${request[0]!.toUpperCase()}${request.slice(1)}`;

/** Schemas by the name of their message. */
export const throttleMessages: Readonly<Record<string, string>> = {
  ...Object.fromEntries(throttleRequests.map((request) => [channelOf(request), `throttle-${request}`])),
  throttleAnswer: 'throttle-answer',
};

export const throttleChannels = {
  ...Object.fromEntries(
    throttleRequests.map((request) => [
      channelOf(request),
      {
        subject: `throttle.{root}.${request}`,
        parameters: { root: 'First part of the scope.' },
        messages: [channelOf(request)],
        description: `Not stored: a request. ${about[request]}`,
        action: 'send' as const,
      },
    ]),
  ),
  throttleReply: {
    subject: null,
    parameters: {},
    messages: ['throttleAnswer'],
    description: 'The reply subject of a request to a throttle. No answer in time: ask again, under the same lease.',
    action: 'receive' as const,
  },
};
