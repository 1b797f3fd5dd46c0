/** The only place of the command line that reads time. */
export const now = (): number => Date.now();
