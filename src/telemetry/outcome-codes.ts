/** What stands for whatever is not in a list. */
const OTHER = 'other';

/** The codes of what asks for more than a limit allows. */
export const LIMIT_CODES: ReadonlySet<string> = new Set([
  'BODY_TOO_LARGE',
  'TOO_MANY_TOKENS',
  'TOO_DEEP',
  'TOO_MANY_ALIASES',
  'TOO_MANY_DIRECTIVES',
  'TOO_MANY_REPRESENTATIONS',
  'TOO_EXPENSIVE',
  'OVERLOADED',
  'RATE_LIMITED',
  'EXECUTION_TIMEOUT',
  'REQUEST_TIMEOUT',
  'ANSWER_NOT_TAKEN',
  'RequestEntityTooLargeException',
  'RequestTimeoutException',
  'ThrottlingException',
]);

/** The codes of what does not prove who sent it. */
export const REFUSED_AUTHENTICATION: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'RequestExpired',
  'UnrecognizedClientException',
]);

/** All that can become of a request or a call, by its code. */
export const OUTCOMES: readonly string[] = [
  'OK',
  'CLIENT_GONE',
  'CUT_AT_STOP',
  ...LIMIT_CODES,
  ...REFUSED_AUTHENTICATION,
  // Refused before a document is read.
  'BAD_REQUEST',
  'METHOD_NOT_ALLOWED',
  'MISDIRECTED',
  'NOT_READY',
  'UNSUPPORTED_MEDIA_TYPE',
  // Apollo's.
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'INTERNAL_SERVER_ERROR',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  // The control plane's.
  'VALIDATION_ERROR',
  'NOT_FOUND',
  'CONFLICT',
  'ACCESS_DENIED',
  'QUOTA_EXCEEDED',
  'THROTTLED',
  'UNAVAILABLE',
  // The endpoint's for AWS clients.
  'AccessDeniedException',
  'ConflictException',
  'InternalServerException',
  'ResourceNotFoundException',
  'SerializationException',
  'ServiceQuotaExceededException',
  'UnknownOperationException',
  'ValidationException',
];

/** Makes a label's value of whatever comes: itself where it is among the known ones, else `other`; `none` of nothing. */
export function labelsAmong(known: ReadonlySet<string>): (value: string | undefined) => string {
  return (value) => {
    if (value === undefined) return 'none';
    return known.has(value) ? value : OTHER;
  };
}
