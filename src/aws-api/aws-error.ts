import type { FailureCode, ProtonFailure } from '../proton/failure';

/** The exceptions in Proton's model. */
type ProtonExceptionName =
  | 'AccessDeniedException'
  | 'ConflictException'
  | 'InternalServerException'
  | 'ResourceNotFoundException'
  | 'ServiceQuotaExceededException'
  | 'ThrottlingException'
  | 'ValidationException';

/** Errors that any AWS service may return before an operation runs. */
type CommonExceptionName =
  | 'IncompleteSignatureException'
  | 'InvalidSignatureException'
  | 'MissingAuthenticationTokenException'
  | 'RequestEntityTooLargeException'
  | 'RequestExpired'
  | 'RequestTimeoutException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'UnrecognizedClientException';

export type AwsErrorName = ProtonExceptionName | CommonExceptionName;

/** An error response. The message is sent to the client. */
export class AwsError extends Error {
  constructor(
    override readonly name: AwsErrorName,
    message: string,
  ) {
    super(message);
  }
}

/** The response to an unexpected failure. It hides the reason, and SDKs retry it. */
export const FAULT = new AwsError(
  'InternalServerException',
  'The request failed on the side of the server. Try again later.',
);

const NAME_OF_CODE: Readonly<Record<FailureCode, ProtonExceptionName>> = {
  VALIDATION_ERROR: 'ValidationException',
  NOT_FOUND: 'ResourceNotFoundException',
  CONFLICT: 'ConflictException',
  ACCESS_DENIED: 'AccessDeniedException',
  QUOTA_EXCEEDED: 'ServiceQuotaExceededException',
  THROTTLED: 'ThrottlingException',
  UNAVAILABLE: 'InternalServerException',
};

/** Maps a failure of the control plane to Proton's exception. */
export function awsErrorOf({ code, message }: ProtonFailure): AwsError {
  return new AwsError(NAME_OF_CODE[code], message);
}
