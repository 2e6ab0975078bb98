/** What is wrong with a signature. */
export type SignatureFlaw =
  /** The request is not signed. */
  | 'missing'
  /** The signature, or a header that it needs, cannot be parsed. */
  | 'incomplete'
  /** It was made too long ago, or in the future. */
  | 'expired'
  /** Its access key is unknown or revoked, or it comes with a session token. */
  | 'unknown-key'
  /** It does not match the request, leaves out a header that must be signed, or has the wrong scope. */
  | 'invalid';

/** The signature of a request is missing or invalid. The message is for the client and contains no secret. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';

  constructor(
    readonly flaw: SignatureFlaw,
    message: string,
  ) {
    super(message);
  }
}
