/** The supervisor role as a process of its own. */
export {};
