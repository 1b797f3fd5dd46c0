/** A subscription to EVENTS is a durable consumer under this name, so it is one word of a subject. */
export const SUBSCRIPTION_NAME = '1 to 64 characters of A-Z a-z 0-9 _ -';

export function isSubscriptionName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name);
}
