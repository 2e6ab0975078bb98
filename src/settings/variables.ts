import { createSecretKey } from 'node:crypto';
import { isIPv4 } from 'node:net';

import { z } from 'zod';

import { isAccountId, isRegion, isRoleArn } from '../proton/identifiers';

/** The variables that there are, each with its own rule and default. */

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 4001;
export const DEFAULT_ENDPOINT_PORT = 4002;
export const HOST_NAME = /^[\w.:-]+$/;
const WHOLE_NUMBER = /^\d{1,10}$/;
const ACCOUNT_PLACE = '{accountId}';
const SOME_ACCOUNT = '123456789012';
const ENCRYPTION_KEY_BYTES = 32;

const hostName = z.string().regex(HOST_NAME, { error: 'must be an address or a host name' });

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .refine((value) => WHOLE_NUMBER.test(value) && Number(value) >= least && Number(value) <= most, {
      error: ({ input }) =>
        `must be a whole number from ${String(least)} to ${String(most)}, not ${JSON.stringify(input)}`,
    })
    .transform(Number);

const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, {
    error: ({ input }) => `must be one of ${values.join(', ')}, not ${JSON.stringify(input)}`,
  });

const region = z.string().refine(isRegion, {
  error: ({ input }) => `must be an AWS Region, as in eu-central-1, not ${JSON.stringify(input)}`,
});

const accountId = z
  .string()
  .refine(isAccountId, { error: ({ input }) => `must be 12 digits, not ${JSON.stringify(input)}` });

/** Comma-separated, with spaces around the commas or without; what appears twice counts once. */
const listOf = <Item extends z.ZodType<string, string>>(item: Item) =>
  z
    .string()
    .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
    .pipe(z.array(item));

export const environmentSchema = z.object({
  HOST: hostName.default(DEFAULT_HOST),
  PORT: wholeNumber(0, 65_535).default(DEFAULT_PORT),
  DATABASE_URL: z
    .string()
    .regex(/^sqlite:\S(.*\S)?$/, {
      error: 'must be sqlite:PATH or sqlite::memory:, without spaces around the path',
    })
    .default('sqlite:./data/proton.db'),
  AWS_REGION: region.optional(),
  PROTON_DEFAULT_ACCOUNT_ID: accountId.optional(),
  PROTON_CONNECTION_QUOTA: wholeNumber(1, 1_000_000_000).default(1000),
  PROTON_ENDPOINT_PORT: z
    .union([z.literal('off'), wholeNumber(0, 65_535)], {
      error: ({ input }) => `must be a whole number from 0 to 65535, or off, not ${JSON.stringify(input)}`,
    })
    .default(DEFAULT_ENDPOINT_PORT),
  PROTON_ENDPOINT_HOST: hostName.optional(),
  PROTON_ENDPOINT_AUTH: oneOf(['sigv4', 'none']).optional(),
  ACCESS_KEY_ENCRYPTION_KEY: z
    .string()
    .refine((value) => /^[A-Za-z0-9+/]{43}=$/.test(value), {
      // Not shown: it is a secret, if a broken one.
      error: `must be ${String(ENCRYPTION_KEY_BYTES)} bytes in base64, as \`openssl rand -base64 ${String(ENCRYPTION_KEY_BYTES)}\` prints them`,
    })
    .transform((value) => createSecretKey(Buffer.from(value, 'base64')))
    .optional(),
  PROTON_ENDPOINT: z
    .string()
    .refine((value) => value === 'aws' || isOrigin(value), {
      error: ({ input }) =>
        `must be aws, or the URL of a Proton endpoint, as in https://proton.example.com, not ${JSON.stringify(input)}`,
    })
    .optional(),
  PROTON_ACCOUNTS: listOf(accountId).optional(),
  PROTON_REGIONS: listOf(region).optional(),
  AWS_ACCOUNT_ROLE_ARN_TEMPLATE: z
    .string()
    .refine(
      (value) => value.includes(ACCOUNT_PLACE) && isRoleArn(value.replaceAll(ACCOUNT_PLACE, SOME_ACCOUNT)),
      {
        error: ({ input }) =>
          `must be the ARN of an IAM role with ${ACCOUNT_PLACE} in it, as in arn:aws:iam::${ACCOUNT_PLACE}:role/proton-subgraph, not ${JSON.stringify(input)}`,
      },
    )
    .optional(),
  AWS_ACCOUNT_PROFILE_TEMPLATE: z
    .string()
    .refine((value) => value.includes(ACCOUNT_PLACE), {
      error: ({ input }) =>
        `must be the name of an AWS profile with ${ACCOUNT_PLACE} in it, not ${JSON.stringify(input)}`,
    })
    .optional(),
  PROTON_TIMEOUT_MS: wholeNumber(1, 600_000).default(5_000),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info'),
  NODE_ENV: oneOf(['development', 'production', 'test']).default('development'),
  ALLOW_UNAUTHENTICATED: oneOf(['true', 'false']).default('false'),
});

export type Variables = z.infer<typeof environmentSchema>;
/** Variables as the environment has them; what is set to nothing is not among them. */
export type Given = Readonly<Record<string, string | undefined>>;

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, href, origin } = new URL(value);
  return /^https?:$/.test(protocol) && href === `${origin}/`;
}
/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
