import { isIPv4 } from 'node:net';

import { z } from 'zod';

import { isAccountId, isRegion, type AccountId, type Region } from './proton/identifiers';

/** All that the environment says, judged and in the words of the domain. The one place that knows a variable's name. */
export interface Config {
  readonly http: { readonly host: string; readonly port: number };
  readonly store: { readonly kind: 'sqlite'; readonly location: string };
  readonly controlPlane: {
    readonly defaultRegion: Region;
    readonly defaultAccountId: AccountId;
    readonly connectionQuota: number;
  };
  /** Whether this is a deployment: no introspection, no suggestions, no Sandbox. */
  readonly production: boolean;
  readonly logLevel: LogLevel;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every mistake in the environment, each as a line that begins with the variable's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly mistakes: readonly string[]) {
    super(
      ['The configuration has mistakes:', ...mistakes.map((mistake) => `  ${mistake}`)].join('\n') +
        '\nEvery variable is described in README.md, under "Configuration".',
    );
  }
}

const HOST_NAME = /^[\w.:-]+$/;
const WHOLE_NUMBER = /^\d{1,10}$/;

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

const environmentSchema = z.object({
  HOST: z.string().regex(HOST_NAME, { error: 'must be an address or a host name' }).default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(4001),
  DATABASE_URL: z
    .string()
    .regex(/^sqlite:\S(.*\S)?$/, {
      error: 'must be sqlite:PATH or sqlite::memory:, without spaces around the path',
    })
    .default('sqlite:./data/proton.db'),
  AWS_REGION: z
    .string()
    .refine(isRegion, {
      error: ({ input }) => `must be an AWS Region, as in eu-central-1, not ${JSON.stringify(input)}`,
    })
    .default('us-east-1' as Region),
  PROTON_DEFAULT_ACCOUNT_ID: z
    .string()
    .refine(isAccountId, { error: ({ input }) => `must be 12 digits, not ${JSON.stringify(input)}` })
    .default('000000000000' as AccountId),
  PROTON_CONNECTION_QUOTA: wholeNumber(1, 1_000_000_000).default(1000),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info'),
  NODE_ENV: oneOf(['development', 'production', 'test']).default('development'),
  ALLOW_UNAUTHENTICATED: oneOf(['true', 'false']).default('false'),
});

/**
 * Reads the configuration from environment variables. One that is set to nothing counts as not set.
 * @throws ConfigError with all mistakes at once
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  const mistakes = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}.`),
    ...openAddressMistake(given),
  ];
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  const variables = parsed.data;
  return deepFreeze({
    http: { host: variables.HOST, port: variables.PORT },
    store: { kind: 'sqlite', location: variables.DATABASE_URL.slice('sqlite:'.length) },
    controlPlane: {
      defaultRegion: variables.AWS_REGION,
      defaultAccountId: variables.PROTON_DEFAULT_ACCOUNT_ID,
      connectionQuota: variables.PROTON_CONNECTION_QUOTA,
    },
    production: variables.NODE_ENV === 'production',
    logLevel: variables.LOG_LEVEL,
  });
}

/** Judged beside the schema, for it concerns two variables and must be told whatever else is wrong. */
function openAddressMistake({
  HOST = '127.0.0.1',
  ALLOW_UNAUTHENTICATED,
}: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (!HOST_NAME.test(HOST) || isLoopback(HOST) || ALLOW_UNAUTHENTICATED === 'true') return [];
  return [
    `HOST is ${HOST}, where everyone who reaches this machine could change connections, for there is no authentication. ` +
      'Listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true if that is what you want.',
  ];
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function deepFreeze(config: Config): Config {
  Object.freeze(config.http);
  Object.freeze(config.store);
  Object.freeze(config.controlPlane);
  return Object.freeze(config);
}
