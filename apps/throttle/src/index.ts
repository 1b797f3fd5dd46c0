/** The throttle role as a process of its own. */
export {};
