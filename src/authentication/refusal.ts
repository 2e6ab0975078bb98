/** A proof that is not believed. Its message says why, for the log alone: it holds neither a token nor a secret. */
export class AuthenticationRefusal extends Error {
  override readonly name = 'AuthenticationRefusal';
}
