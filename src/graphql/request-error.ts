/** The codes of errors that are returned before a document is executed, in the shape of a GraphQL response. */
export type HttpErrorCode =
  | 'BAD_REQUEST'
  | 'BODY_TOO_LARGE'
  | 'CALLBACK_FAILED'
  | 'CALLBACK_REFUSED'
  | 'EXECUTION_TIMEOUT'
  | 'FORBIDDEN_ORIGIN'
  | 'INTERNAL_SERVER_ERROR'
  | 'METHOD_NOT_ALLOWED'
  | 'MISDIRECTED'
  | 'NOT_FOUND'
  | 'NOT_READY'
  | 'OVERLOADED'
  | 'RATE_LIMITED'
  | 'REQUEST_TIMEOUT'
  | 'SUBSCRIPTION_NOT_SUPPORTED'
  | 'TOO_EXPENSIVE'
  | 'TOO_MANY_SUBSCRIPTIONS'
  | 'UNAUTHENTICATED'
  | 'UNSUPPORTED_MEDIA_TYPE';

/** Response headers by their names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string>>;

/** Rejects a request before its document is executed. Clients see the message; Fastify reads the status from `statusCode`. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  /** @param headers of the response, such as `retry-after` */
  constructor(
    readonly statusCode: number,
    readonly code: HttpErrorCode,
    message: string,
    readonly headers: ResponseHeaders = {},
  ) {
    super(message);
  }
}
