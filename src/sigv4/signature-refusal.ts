/** Why a signature is not believed. */
export type SignatureFlaw =
  /** There is none. */
  | 'missing'
  /** What there is can't be read as one. */
  | 'incomplete'
  /** It was made too long ago, or is from the future. */
  | 'expired'
  /** It comes with a session token, or with a key that there is not. */
  | 'unknown-key'
  /** It does not cover what it must, or covers something else than what arrived. */
  | 'invalid';

/** A signature that is not believed. The message is written for the one who signed, and holds nothing secret. */
export class SignatureRefusal extends Error {
  override readonly name = 'SignatureRefusal';

  constructor(
    readonly flaw: SignatureFlaw,
    message: string,
  ) {
    super(message);
  }
}
