import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exportJWK, importPKCS8, importSPKI, SignJWT, type JWK, type JWTPayload } from 'jose';

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'proton-subgraph';

export type Alg = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

/** A pair of keys, as an issuer has them. They go through PEM: on Node 20, a fresh key that is exported can hang. */
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

/** A token that is good in every respect but those that are given. */
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

/** What makes an app believe tokens that are signed with these keys; their file is taken away after the tests of the block. */
export function useKeyFile(keys: Keys): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'issuer.pem');
  writeFileSync(file, keys.publicPem);
  return { AUTH_JWT_ISSUER: ISSUER, AUTH_JWT_AUDIENCE: AUDIENCE, AUTH_JWT_PUBLIC_KEY_FILE: file };
}

/** What a client sends to be believed. */
export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
