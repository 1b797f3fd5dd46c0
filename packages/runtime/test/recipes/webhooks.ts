import type { Client, EventSubscription } from '@troupe/client';

/** Sends each end of an operation to a URL, at least once, up to 8 at a time; a mail is sent in the same way. */
export function startWebhooks(client: Client, url: string, tell: (text: string) => void): Promise<EventSubscription> {
  return client.subscribe(
    {
      name: 'webhooks',
      topics: [['operation']],
      concurrency: 8,
      attempts: 20,
      onEvent(problem) {
        if (problem.type === 'givenUp') tell(`event ${problem.event.id} was not delivered: ${problem.error.message}`);
      },
    },
    async (event) => {
      if (event.topic.at(-1) !== 'ended') return;
      const response = await fetch(url, {
        method: 'POST',
        // the receiver tells by it that it has seen this one
        headers: { 'content-type': 'application/json', 'idempotency-key': event.id },
        body: JSON.stringify({ operation: event.topic[2], at: event.at, ...(event.body as object) }),
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    },
  );
}
