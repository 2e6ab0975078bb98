import { createHash, timingSafeEqual } from 'node:crypto';

import { AuthenticationError, onlyHeader } from '../headers';
import type { RouterProof } from './router-proof';

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
