import { createSecretKey } from 'node:crypto';

import { z } from 'zod';

import { isRoleArn } from '../proton/identifiers';
import { AUTHENTICATION_VARIABLES } from './authentication-variables';
import { LIMIT_VARIABLES } from './limit-variables';
import { TIME_VARIABLES } from './time-variables';
import { accountId, hostName, isOrigin, listOf, oneOf, portOrOff, region, wholeNumber } from './env-types';

/** The variables that there are, each with its own rule and default. */

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 4001;
export const DEFAULT_ENDPOINT_PORT = 4002;
export const DEFAULT_ADMIN_PORT = 4003;
const ACCOUNT_PLACE = '{accountId}';
const SOME_ACCOUNT = '123456789012';
const ENCRYPTION_KEY_BYTES = 32;

export const environmentSchema = z.object({
  HOST: hostName.default(DEFAULT_HOST),
  PORT: wholeNumber(0, 65_535).default(DEFAULT_PORT),
  ADMIN_PORT: portOrOff.default(DEFAULT_ADMIN_PORT),
  DATABASE_URL: z
    .string()
    .regex(/^sqlite:\S(.*\S)?$/, {
      error: 'must be sqlite:PATH or sqlite::memory:, without spaces around the path',
    })
    .default('sqlite:./data/proton.db'),
  AWS_REGION: region.optional(),
  PROTON_DEFAULT_ACCOUNT_ID: accountId.optional(),
  PROTON_CONNECTION_QUOTA: wholeNumber(1, 1_000_000_000).default(1000),
  PROTON_ENDPOINT_PORT: portOrOff.default(DEFAULT_ENDPOINT_PORT),
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
  CORS_ORIGINS: listOf(
    z.string().refine((value) => isOrigin(value) && !value.endsWith('/'), {
      error: ({ input }) =>
        `must be origins, as in https://studio.apollographql.com, not ${JSON.stringify(input)}`,
    }),
  ).optional(),
  ...AUTHENTICATION_VARIABLES,
  ...LIMIT_VARIABLES,
  ...TIME_VARIABLES,
});

export type Variables = z.infer<typeof environmentSchema>;
/** Variables as the environment has them; what is set to nothing is not among them. */
export type Given = Readonly<Record<string, string | undefined>>;
