/** Task contracts, handlers and the worker. */
export {};
