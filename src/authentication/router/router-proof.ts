import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { AuthenticationError, onlyHeader } from '../headers';

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

const HEADER = 'router-authorization';

/** The router sends a shared secret. Several are accepted at a time, so that a secret can be rotated without downtime. */
export function routerSecretProof(secrets: readonly string[]): RouterProof {
  const expected = secrets.map((secret) => digest(Buffer.from(secret, 'utf8')));
  return {
    challenge: `RouterSecret header="${HEADER}"`,
    tokenHeader: 'authorization',
    verify({ rawHeaders }) {
      const sent = onlyHeader(rawHeaders, HEADER);
      if (sent === undefined) throw new AuthenticationError(`${HEADER} is missing`);
      // Node decodes headers as Latin-1; encoding restores the bytes that were sent. Digests have one length, and every one is
      // compared, so the response time reveals neither which secret was close nor how close.
      const given = digest(Buffer.from(sent, 'latin1'));
      const matches = expected.map((each) => timingSafeEqual(given, each));
      if (!matches.includes(true)) throw new AuthenticationError(`${HEADER} contains none of the secrets`);
      return undefined;
    },
  };
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
