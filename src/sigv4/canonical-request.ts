import { createHash, createHmac } from 'node:crypto';

import { ALGORITHM, TERMINATOR } from './authorization-header';

/** What a signature of version 4 is made of. */
export interface SigningInput {
  readonly method: string;
  /** The path and the query string, as they were sent. */
  readonly url: string;
  /** The signed fields of the header in the order of their names, each with its values as they came. */
  readonly fields: readonly SignedField[];
  readonly body: Buffer;
  /** The instant of signing, as in `20261122T093000Z`. */
  readonly date: string;
  readonly scope: SigningScope;
  readonly secretAccessKey: string;
}

/** A name in lower case, and the values. Node reads bytes as Latin-1, so each of their characters is one byte. */
export type SignedField = readonly [name: string, values: readonly string[]];

/** What a signature is good for. */
export interface SigningScope {
  /** As in `20261122`. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/**
 * The signature, in hexadecimal digits, of a request, made as AWS describes it in "Create a signed AWS API request" of the IAM
 * User Guide.
 *
 * AWS's own signer for JavaScript is for clients: it leaves out `date` even where it is signed, and takes headers for UTF-8.
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

/** Only blanks are trimmed: `\s` takes for a space what is part of a longer character in UTF-8. */
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
 * The path of a request's target as it is signed: without dot segments and empty ones, and with every byte encoded that is not
 * unreserved, the percent signs of what is encoded already among them. All services but S3 sign it in this form.
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
 * The query string as it is signed: its parameters encoded anew, in the order of their names and then of their values. They are
 * read as whoever answers reads them, so that no two requests of one signature mean different things.
 * @param query as it was sent, without the question mark
 */
function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** RFC 3986 leaves fewer characters unreserved than JavaScript does. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** By code unit, and so, for what is ASCII, by byte. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
