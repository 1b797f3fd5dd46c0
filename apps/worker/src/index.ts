/** The worker role as a process of its own. */
export {};
