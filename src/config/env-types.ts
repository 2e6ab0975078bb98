import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { z } from 'zod';

import { algorithmsOf } from '../authentication/user/verification-keys';
import { isLoopbackAddress } from '../events/addresses';
import { isAccountId, isRegion } from '../proton/identifiers';

/** The types of variables, each with the error message for a wrong value. */

export const HOST_NAME = /^[\w.:-]+$/;
const WHOLE_NUMBER = /^\d{1,10}$/;

/** A wrong value, as an error message quotes it. */
export function quoted(value: unknown): string {
  return JSON.stringify(value);
}

export const hostName = z.string().regex(HOST_NAME, { error: 'must be an address or a host name' });

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((value) => WHOLE_NUMBER.test(value) && Number(value) >= min && Number(value) <= max, {
      error: ({ input }) =>
        `must be a whole number from ${String(min)} to ${String(max)}, not ${quoted(input)}`,
    })
    .transform(Number);

const MAX_MILLISECONDS = 600_000;

/** A timeout. */
export const milliseconds = (min: number, max = MAX_MILLISECONDS) => wholeNumber(min, max);

/** A port to listen on, 0 for a free one, or `off`. */
export const portOrOff = z.union([z.literal('off'), wholeNumber(0, 65_535)], {
  error: ({ input }) => `must be a whole number from 0 to 65535, or off, not ${quoted(input)}`,
});

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, {
    error: ({ input }) => `must be one of ${values.join(', ')}, not ${quoted(input)}`,
  });

export const region = z.string().refine(isRegion, {
  error: ({ input }) => `must be an AWS Region, as in eu-central-1, not ${quoted(input)}`,
});

export const accountId = z
  .string()
  .refine(isAccountId, { error: ({ input }) => `must be 12 digits, not ${quoted(input)}` });

/** Comma-separated values, with or without spaces around the commas; duplicates count once. */
export const listOf = <Item extends z.ZodType<string, string>>(item: Item) =>
  z
    .string()
    .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
    .pipe(z.array(item));

/** The path of a PEM file; yields the public key that tokens are verified with. */
export const publicKeyFile = z.string().transform((path, context) => {
  const read = readPublicKey(path);
  if ('key' in read) return read.key;
  context.addIssue({ code: 'custom', message: read.mistake });
  return z.NEVER;
});

/** The path of a PEM file of certificates; yields its text. */
export const certificatesFile = z.string().transform((path, context) => {
  const read = readCertificates(path);
  if ('pem' in read) return read.pem;
  context.addIssue({ code: 'custom', message: read.mistake });
  return z.NEVER;
});

/** Whether a text is a scheme, a host and an optional port, and nothing more. */
export function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, href, origin } = new URL(value);
  return /^https?:$/.test(protocol) && href === `${origin}/`;
}

/** Whether a name or an address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

/** Whether keys fetched from a URL can be trusted: anyone on the way could replace what comes over plain http. */
export function isTrustworthyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, '')));
}

/** What a host name or an address consists of. A URL may have others, such as `;`, which would end a directive of a policy. */
const PLAIN_HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/;

/** Whether a text is an http or https URL without credentials, whose origin can stand in a Content Security Policy. */
export function isUrlForPolicy(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '' && PLAIN_HOST.test(hostname);
}

/** The end of an error message about a URL; leaves the URL out when it may contain a password. */
export function quotedUnlessCredentials(value: unknown): string {
  return typeof value === 'string' && !value.includes('@') ? `, not ${quoted(value)}` : '';
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
  if (algorithmsOf(key).length > 0) return { key };
  return {
    mistake: `names ${path}, whose key can't verify tokens: use RSA of 2,048 bits or more, P-256 or Ed25519`,
  };
}

function readCertificates(path: string): { readonly pem: string } | { readonly mistake: string } {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    return { mistake: `names ${path}, which can't be read (${reasonOf(error)})` };
  }
  return isCertificate(pem) ? { pem } : { mistake: `names ${path}, which holds no certificate in PEM` };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** The code of an error of the file system, as in `ENOENT`. */
function reasonOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}
