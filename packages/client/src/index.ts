/** Sends commands and follows operations. */
export {};
