/** You see this when the simulated cloud is started with an option that makes no sense. `data` names the option. */
export class InvalidCloudOptionError extends Error {
  readonly code = 'invalid_cloud_option';
  readonly retryable = false;
  readonly data: { readonly option: string };

  constructor(option: string, reason: string) {
    super(`Option ${option}: ${reason}`);
    this.name = 'InvalidCloudOptionError';
    this.data = { option };
  }
}
