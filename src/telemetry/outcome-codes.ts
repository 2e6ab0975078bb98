/** The label of values outside a list. */
const OTHER = 'other';

/** Codes of requests that exceed a limit. */
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
  'SUBSCRIPTION_OVERFLOW',
  'TOO_MANY_SUBSCRIPTIONS',
  'RequestEntityTooLargeException',
  'RequestTimeoutException',
  'ThrottlingException',
]);

/** Codes of failed authentication. */
export const AUTHENTICATION_FAILURES: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'RequestExpired',
  'UnrecognizedClientException',
]);

/** Every outcome of a request or a call. */
export const OUTCOMES: readonly string[] = [
  'OK',
  'CLIENT_GONE',
  'CUT_AT_STOP',
  'SERVER_STOPPING',
  ...LIMIT_CODES,
  ...AUTHENTICATION_FAILURES,
  // Errors returned before a document is read.
  'BAD_REQUEST',
  'FORBIDDEN_ORIGIN',
  'CALLBACK_FAILED',
  'CALLBACK_REFUSED',
  'METHOD_NOT_ALLOWED',
  'MISDIRECTED',
  'NOT_READY',
  'SUBSCRIPTION_NOT_SUPPORTED',
  'UNSUPPORTED_MEDIA_TYPE',
  // Apollo Server.
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'INTERNAL_SERVER_ERROR',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  // The Proton service.
  'VALIDATION_ERROR',
  'NOT_FOUND',
  'CONFLICT',
  'ACCESS_DENIED',
  'QUOTA_EXCEEDED',
  'THROTTLED',
  'UNAVAILABLE',
  // The AWS API.
  'AccessDeniedException',
  'ConflictException',
  'InternalServerException',
  'ResourceNotFoundException',
  'SerializationException',
  'ServiceQuotaExceededException',
  'UnknownOperationException',
  'ValidationException',
];

/** Maps a value to a label value: itself when it is known, else `other`; `none` for undefined. */
export function labelsAmong(known: ReadonlySet<string>): (value: string | undefined) => string {
  return (value) => {
    if (value === undefined) return 'none';
    return known.has(value) ? value : OTHER;
  };
}
