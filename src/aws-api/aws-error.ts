import type { FailureCode, ProtonFailure } from '../proton/failure';

/** The exceptions of Proton's model. */
type ProtonExceptionName =
  | 'AccessDeniedException'
  | 'ConflictException'
  | 'InternalServerException'
  | 'ResourceNotFoundException'
  | 'ServiceQuotaExceededException'
  | 'ThrottlingException'
  | 'ValidationException';

/** What any AWS service may answer before an operation is reached. */
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

/** A request that is answered with an error. Its message is written for the caller. */
export class AwsError extends Error {
  constructor(
    override readonly name: AwsErrorName,
    message: string,
  ) {
    super(message);
  }
}

/** What callers are told of a fault, which is nothing; SDKs try again. */
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

/** A failure of the control plane, by the name that Proton has for it. */
export function awsErrorOf({ code, message }: ProtonFailure): AwsError {
  return new AwsError(NAME_OF_CODE[code], message);
}
