/** Real servers for tests: each is started on a free loopback port and stopped by process id. */
export {};
