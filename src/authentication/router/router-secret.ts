import { createHash, timingSafeEqual } from 'node:crypto';

import { onlyHeader, AuthenticationRefusal } from '../headers';
import type { RouterProof } from './router-proof';

const HEADER = 'router-authorization';

/** A router proves itself by a secret that it sends along. Any of several will do, so that one can take another's place. */
export function routerSecretProof(secrets: readonly string[]): RouterProof {
  const expected = secrets.map((secret) => digest(Buffer.from(secret, 'utf8')));
  return {
    challenge: `RouterSecret header="${HEADER}"`,
    tokenHeader: 'authorization',
    judge({ rawHeaders }) {
      const sent = onlyHeader(rawHeaders, HEADER);
      if (sent === undefined) throw new AuthenticationRefusal(`${HEADER} is missing`);
      // What comes over the wire is Latin-1, a character a byte. Digests are of one length, and all are compared, so that time tells neither how much of a secret was right nor of which.
      const given = digest(Buffer.from(sent, 'latin1'));
      const matches = expected.map((each) => timingSafeEqual(given, each));
      if (!matches.includes(true)) throw new AuthenticationRefusal(`${HEADER} holds none of the secrets`);
      return undefined;
    },
  };
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
