import { createHash, createHmac } from 'node:crypto';

import { ALGORITHM, TERMINATOR } from './authorization-header';
import type { SignedField } from './headers';

/** Everything that a Signature Version 4 is computed from. */
export interface SigningInput {
  readonly method: string;
  /** Path and query string, as they were sent. */
  readonly url: string;
  /** The signed headers, sorted by name. */
  readonly fields: readonly SignedField[];
  readonly body: Buffer;
  /** The time of signing, as in `20261122T093000Z`. */
  readonly date: string;
  readonly scope: SigningScope;
  readonly secretAccessKey: string;
}

/** The credential scope: a signature is valid for one day, Region and service. */
export interface SigningScope {
  /** As in `20261122`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/**
 * Computes the signature of a request, in hexadecimal, as "Create a signed AWS API request" in the IAM User Guide describes.
 *
 * AWS's signer for JavaScript cannot verify: it never signs `date`, and it encodes headers as UTF-8.
 */
export function signatureOf({ date, scope, secretAccessKey, ...request }: SigningInput): string {
  const { day, region, service } = scope;
  const stringToSign = [
    ALGORITHM,
    date,
    [day, region, service, TERMINATOR].join('/'),
    createHash('sha256').update(canonicalRequest(request)).digest('hex'),
  ].join('\n');
  return hmac(signingKey(secretAccessKey, scope), stringToSign).toString('hex');
}

function canonicalRequest({
  method,
  url,
  fields,
  body,
}: Pick<SigningInput, 'method' | 'url' | 'fields' | 'body'>): Buffer {
  const end = url.includes('?') ? url.indexOf('?') : url.length;
  const lines = [
    method,
    canonicalPath(url.slice(0, end)),
    canonicalQuery(url.slice(end + 1)),
    ...fields.map(([name, values]) => `${name}:${values.map(canonicalValue).join(',')}`),
    '',
    fields.map(([name]) => name).join(';'),
    createHash('sha256').update(body).digest('hex'),
  ];
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** Collapses spaces and tabs only: `\s` also matches U+00A0, which may be one byte of a longer UTF-8 character. */
function canonicalValue(value: string): string {
  return value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '');
}

function signingKey(secretAccessKey: string, { day, region, service }: SigningScope): Buffer {
  const first = hmac(`AWS4${secretAccessKey}`, day);
  return [region, service, TERMINATOR].reduce(hmac, first);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/**
 * The canonical path: without empty and dot segments, each segment URI-encoded. Segments that are encoded already are encoded a
 * second time, as for every service except S3.
 * @param path as it was sent, without the query string
 */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const end = kept.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${kept.map(encode).join('/')}${end}`;
}

/**
 * The canonical query string: parameters sorted by name, then by value, and encoded again. They are parsed like the server parses
 * them, so two requests with one signature cannot have different meanings.
 * @param query as it was sent, without the question mark
 */
function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** URI-encodes as RFC 3986 defines it, which reserves more characters than `encodeURIComponent`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Compares by code unit, which for ASCII is by byte. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
