import type { IncomingMessage } from 'node:http';

/** The parts of a request that prove that the router sent it. */
export type RouterRequest = Pick<IncomingMessage, 'rawHeaders'> & {
  readonly method: string;
  /** Path and query string, as they were sent. */
  readonly url: string;
};

/** How the router proves that it sent a request: by a shared secret, or by a signature. */
export interface RouterProof {
  /** The `www-authenticate` header of a 401 response. */
  readonly challenge: string;
  /** The header that carries the user's token, in lower case. */
  readonly tokenHeader: string;
  /**
   * Verifies a request before its body arrives.
   * @returns the check that remains for the body; undefined if there is none
   * @throws AuthenticationError
   */
  readonly verify: (request: RouterRequest) => VerifyBody | undefined;
}

/** Rejects with an `AuthenticationError` if the proof does not cover this body. */
export type VerifyBody = (body: Buffer) => Promise<void>;
