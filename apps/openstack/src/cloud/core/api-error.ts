/**
 * A refusal that a client sees. The models throw it in the words of the real service; which body those words are wrapped in
 * (`itemNotFound`, `NeutronError`, …) is decided where the service answers.
 */
export class ApiError extends Error {
  readonly status: number;
  /** Neutron names the kind of error beside the status (`PortNotFound`). */
  readonly type: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, extra: { readonly type?: string; readonly retryAfterSeconds?: number | undefined } = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.type = extra.type;
    this.retryAfterSeconds = extra.retryAfterSeconds;
  }
}
