import { isIPv4 } from 'node:net';

import { z } from 'zod';

import { isAccountId, isRegion } from '../proton/identifiers';

/** The kinds of value that variables take, each with the words in which a wrong one is refused. */

export const HOST_NAME = /^[\w.:-]+$/;
const WHOLE_NUMBER = /^\d{1,10}$/;

export const hostName = z.string().regex(HOST_NAME, { error: 'must be an address or a host name' });

export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .refine((value) => WHOLE_NUMBER.test(value) && Number(value) >= least && Number(value) <= most, {
      error: ({ input }) =>
        `must be a whole number from ${String(least)} to ${String(most)}, not ${JSON.stringify(input)}`,
    })
    .transform(Number);

const MOST_MILLISECONDS = 600_000;

/** A time that is waited for, which the longest timer would not be. */
export const milliseconds = (least: number) => wholeNumber(least, MOST_MILLISECONDS);

/** A port to listen on, 0 for any that is free, or `off`. */
export const portOrOff = z.union([z.literal('off'), wholeNumber(0, 65_535)], {
  error: ({ input }) => `must be a whole number from 0 to 65535, or off, not ${JSON.stringify(input)}`,
});

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, {
    error: ({ input }) => `must be one of ${values.join(', ')}, not ${JSON.stringify(input)}`,
  });

export const region = z.string().refine(isRegion, {
  error: ({ input }) => `must be an AWS Region, as in eu-central-1, not ${JSON.stringify(input)}`,
});

export const accountId = z
  .string()
  .refine(isAccountId, { error: ({ input }) => `must be 12 digits, not ${JSON.stringify(input)}` });

/** Comma-separated, with spaces around the commas or without; what appears twice counts once. */
export const listOf = <Item extends z.ZodType<string, string>>(item: Item) =>
  z
    .string()
    .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
    .pipe(z.array(item));

/** Whether a text is a scheme, a host and perhaps a port, and nothing more. */
export function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, href, origin } = new URL(value);
  return /^https?:$/.test(protocol) && href === `${origin}/`;
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
