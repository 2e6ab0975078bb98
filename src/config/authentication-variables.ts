import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { z } from 'zod';

import { isLoopback, listOf, milliseconds, wholeNumber } from './env-types';

/** How the server knows who is asking: its router, and the person behind it. */
export const AUTHENTICATION_VARIABLES = {
  ROUTER_SECRET: listOf(
    // Never shown: it is a secret, if a broken one.
    z.string().min(1, {
      error:
        'must hold no empty secret: anyone could send it. Unset it, or give one or more, separated by commas',
    }),
  ).optional(),
  ROUTER_ACCESS_KEY_IDS: listOf(
    z.string().regex(/^\w{16,128}$/, {
      error: ({ input }) =>
        `must be the ids of access keys, as \`proton-subgraph access-key create\` prints them, not ${JSON.stringify(input)}`,
    }),
  ).optional(),
  AUTH_JWT_ISSUER: z.string().optional(),
  AUTH_JWT_AUDIENCE: z.string().optional(),
  AUTH_JWKS_URL: z
    .string()
    .refine(isTrustworthyUrl, {
      error: ({ input }) =>
        `must be an https URL, or an http URL on loopback, without credentials${shown(input)}`,
    })
    .optional(),
  AUTH_JWT_PUBLIC_KEY_FILE: z
    .string()
    .transform((path, context) => {
      const read = readPublicKey(path);
      if ('key' in read) return read.key;
      context.addIssue({ code: 'custom', message: read.mistake });
      return z.NEVER;
    })
    .optional(),
  AUTH_ACCOUNTS_CLAIM: z.string().default('aws_accounts'),
  AUTH_JWT_CLOCK_SKEW_MS: milliseconds(0).default(60_000),
  /** Bytes of the token. */
  AUTH_JWT_MAX_BYTES: wholeNumber(256, 65_536).default(8_192),
  AUTH_JWKS_REFETCH_MS: milliseconds(0).default(30_000),
  AUTH_JWKS_RETRY_MS: milliseconds(1).default(5_000),
};

/** Variables that nothing does not turn off: where what proves the router was lost on its way, the door would stand open. */
export const NEVER_EMPTY = ['ROUTER_SECRET', 'ROUTER_ACCESS_KEY_IDS'] as const;

/** Variables that mean nothing unless people are authenticated. */
export const PERSON_SETTINGS = [
  'AUTH_ACCOUNTS_CLAIM',
  'AUTH_JWT_CLOCK_SKEW_MS',
  'AUTH_JWT_MAX_BYTES',
  'AUTH_JWKS_REFETCH_MS',
  'AUTH_JWKS_RETRY_MS',
] as const;

/** Keys that came over a wire that others can write to would prove nothing. */
function isTrustworthyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, '')));
}

/** A value that is no such URL, unless a password may be in it. */
function shown(value: unknown): string {
  return typeof value === 'string' && !value.includes('@') ? `, not ${JSON.stringify(value)}` : '';
}

function readPublicKey(path: string): { readonly key: KeyObject } | { readonly mistake: string } {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    return { mistake: `names ${path}, which can't be read (${reasonOf(error)})` };
  }
  if (pem.includes('PRIVATE KEY')) {
    return {
      mistake: `names ${path}, which holds a private key: give the public one, and keep that at the issuer`,
    };
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    return { mistake: `names ${path}, which holds no public key in PEM` };
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return { key };
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return { key };
  if (type === 'ed25519') return { key };
  return {
    mistake: `names ${path}, whose key is none that tokens are verified with: RSA of 2,048 bits or more, P-256 or Ed25519`,
  };
}

function reasonOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}
