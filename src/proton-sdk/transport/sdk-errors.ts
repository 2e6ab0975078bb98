/** What the AWS SDK attaches to errors: of Proton's exceptions, and of failed attempts. */

interface ErrorMetadata {
  readonly httpStatusCode?: unknown;
  readonly requestId?: unknown;
  readonly attempts?: unknown;
}

/** The `$metadata` of an error; empty if there is none. */
export function metadataOf(error: unknown): ErrorMetadata {
  const metadata =
    typeof error === 'object' && error !== null && '$metadata' in error ? error.$metadata : undefined;
  return typeof metadata === 'object' && metadata !== null ? metadata : {};
}

/** The HTTP status of the response that an error came with; undefined if there was no response. */
export function statusOf(error: unknown): number | undefined {
  const { httpStatusCode } = metadataOf(error);
  return typeof httpStatusCode === 'number' ? httpStatusCode : undefined;
}

const THROTTLING_ERRORS = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
]);

/** Whether Proton, or a proxy in front of it, rejected a call because there were too many. */
export function isThrottling(error: Error): boolean {
  return statusOf(error) === 429 || THROTTLING_ERRORS.has(error.name);
}

/** Names of errors about the credentials or the signature: this service must fix them, its clients can't. */
const CREDENTIAL_ERRORS = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'RequestInTheFuture',
  'NotAuthorized',
  'OptInRequired',
]);

/** The credentials of an account could not be loaded. */
export class NoCredentialsError extends Error {
  override readonly name = 'NoCredentialsError';
}

/** Whether the credentials are missing or Proton does not accept them. */
export function isCredentialError(error: unknown): boolean {
  return error instanceof NoCredentialsError || (error instanceof Error && CREDENTIAL_ERRORS.has(error.name));
}

/** Makes the SDK retry after an error that it would not retry by itself. */
export function markRetryable(error: Error): void {
  Object.assign(error, { $retryable: { throttling: false } });
}
