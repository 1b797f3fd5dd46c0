/**
 * Rules that may be switched off one at a time, to see that a named test notices. Each entry says which line of the
 * product it breaks (`find` must stand exactly once in `file`), and which test must go red for it.
 */
export declare const rules: {
  name: string;
  file: string;
  find: string;
  replace: string;
  package: string;
  test: string;
  /** Narrows the run to this file; default: all of the package. */
  spec?: string;
}[];
