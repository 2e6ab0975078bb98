import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exportJWK, importPKCS8, importSPKI, SignJWT, type JWK, type JWTPayload } from 'jose';

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'proton-subgraph';

export type Alg = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

/** A key pair of an issuer. In PEM, because exporting a freshly generated key can hang on Node 20. */
export interface Keys {
  readonly alg: Alg;
  readonly kid: string;
  readonly publicPem: string;
  readonly privatePem: string;
  readonly jwk: () => Promise<JWK>;
}

export function createKeys(alg: Alg, kid = 'key-1'): Keys {
  const { publicKey, privateKey } = pairFor(alg);
  return {
    alg,
    kid,
    publicPem: publicKey,
    privatePem: privateKey,
    jwk: async () => ({
      ...(await exportJWK(await importSPKI(publicKey, alg, { extractable: true }))),
      kid,
      alg,
      use: 'sig',
    }),
  };
}

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;

function pairFor(alg: Alg) {
  if (alg === 'ES256')
    return generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding });
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding });
  return generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding, privateKeyEncoding });
}

export interface TokenParts {
  readonly claims?: JWTPayload;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Members of the payload to leave out. */
  readonly without?: readonly string[];
}

/** A valid token, except for the given changes. */
export async function tokenOf(
  keys: Keys,
  { claims = {}, header = {}, without = [] }: TokenParts = {},
): Promise<string> {
  const at = Math.floor(Date.now() / 1000);
  const payload: JWTPayload = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'ann',
    iat: at,
    exp: at + 600,
    aws_accounts: { '*': ['read'] },
    ...claims,
  };
  const kept = Object.fromEntries(Object.entries(payload).filter(([name]) => !without.includes(name)));
  return new SignJWT(kept)
    .setProtectedHeader({ alg: keys.alg, kid: keys.kid, ...header })
    .sign(await importPKCS8(keys.privatePem, keys.alg));
}

/** The variables that make an app accept tokens signed with these keys. Their file is removed after the tests of the block. */
export function useKeyFile(keys: Keys): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'issuer.pem');
  writeFileSync(file, keys.publicPem);
  return { AUTH_JWT_ISSUER: ISSUER, AUTH_JWT_AUDIENCE: AUDIENCE, AUTH_JWT_PUBLIC_KEY_FILE: file };
}

/** The header that carries a token. */
export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
