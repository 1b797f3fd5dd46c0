/** The reference actor app: OpenStack, with a simulated cloud. */
export {};
