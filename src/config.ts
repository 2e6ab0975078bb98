import { createSecretKey, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

import { z } from 'zod';

import { isAccountId, isRegion, isRoleArn, type AccountId, type Region } from './proton/identifiers';

/** All that the environment says, judged and in the words of the domain. The one place that knows a variable's name. */
export interface Config {
  readonly http: { readonly host: string; readonly port: number };
  /** Where connections are kept. */
  readonly proton: EmbeddedProtonConfig | SdkProtonConfig;
  /** Whether this is a deployment: no introspection, no suggestions, no Sandbox. */
  readonly production: boolean;
  readonly logLevel: LogLevel;
}

/** The control plane in this process. */
export interface EmbeddedProtonConfig {
  readonly kind: 'embedded';
  readonly store: { readonly location: string };
  readonly controlPlane: {
    readonly defaultRegion: Region;
    readonly defaultAccountId: AccountId;
    readonly connectionQuota: number;
  };
  /** The endpoint for AWS clients; undefined when it is turned off. */
  readonly endpoint: EndpointConfig | undefined;
}

export interface EndpointConfig {
  readonly host: string;
  readonly port: number;
  readonly auth: EndpointAuth;
}

/** Whether callers of the endpoint must sign with access keys, or name their account and are believed. */
export type EndpointAuth =
  { readonly kind: 'none' } | { readonly kind: 'sigv4'; readonly encryptionKey: KeyObject };

/** A Proton endpoint elsewhere, reached through the AWS SDK. */
export interface SdkProtonConfig {
  readonly kind: 'sdk';
  /** Undefined where the SDK finds it by itself. */
  readonly endpointUrl: string | undefined;
  readonly accounts: readonly AccountId[];
  readonly regions: readonly Region[];
  readonly defaultRegion: Region;
  /** The environment account of a creation that points to none; undefined where there are several to choose from. */
  readonly defaultAccountId: AccountId | undefined;
  readonly credentials: CredentialSource;
  /** How long one request may take in all. */
  readonly timeoutMs: number;
}

/** Where the credentials of an account come from. `{accountId}` in a template stands for its id. */
export type CredentialSource =
  | { readonly kind: 'default-chain' }
  | { readonly kind: 'role'; readonly arnTemplate: string }
  | { readonly kind: 'profile'; readonly nameTemplate: string };

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

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 4001;
const DEFAULT_ENDPOINT_PORT = 4002;
const HOST_NAME = /^[\w.:-]+$/;
const WHOLE_NUMBER = /^\d{1,10}$/;
const ACCOUNT_PLACE = '{accountId}';
const SOME_ACCOUNT = '123456789012';
const ENCRYPTION_KEY_BYTES = 32;

const hostName = z.string().regex(HOST_NAME, { error: 'must be an address or a host name' });

const wholeNumber = (least: number, most: number, other = '') =>
  z
    .string()
    .refine((value) => WHOLE_NUMBER.test(value) && Number(value) >= least && Number(value) <= most, {
      error: ({ input }) =>
        `must be a whole number from ${String(least)} to ${String(most)}${other}, not ${JSON.stringify(input)}`,
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

const environmentSchema = z.object({
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

type Variables = z.infer<typeof environmentSchema>;
type Given = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration from environment variables. One that is set to nothing counts as not set.
 * @throws ConfigError with all mistakes at once
 */
export function readConfig(environment: Given): Config {
  const given = withoutEmpty(environment);
  const parsed = environmentSchema.safeParse(given);
  const mistakes = [
    ...mistakesOf(parsed.error),
    ...openAddressMistakes(given),
    ...endpointMistakes(given),
    ...adapterMistakes(given),
  ];
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  const variables = parsed.data;
  return deepFreeze({
    http: { host: variables.HOST, port: variables.PORT },
    proton:
      variables.PROTON_ENDPOINT === undefined
        ? embeddedConfig(variables)
        : sdkConfig(variables, variables.PROTON_ENDPOINT),
    production: variables.NODE_ENV === 'production',
    logLevel: variables.LOG_LEVEL,
  });
}

/** Where commands that are run by hand find the store. */
export type StoreConfig = { readonly kind: 'embedded'; readonly location: string } | { readonly kind: 'sdk' };

/**
 * Reads what such a command needs, and nothing that concerns a server alone.
 * @throws ConfigError
 */
export function readStoreConfig(environment: Given): StoreConfig {
  const { DATABASE_URL, PROTON_ENDPOINT } = readSome(environment, ['DATABASE_URL', 'PROTON_ENDPOINT']);
  return PROTON_ENDPOINT === undefined
    ? { kind: 'embedded', location: DATABASE_URL.slice('sqlite:'.length) }
    : { kind: 'sdk' };
}

/**
 * The key that the secrets of access keys are sealed under; undefined when none is set.
 * @throws ConfigError
 */
export function readAccessKeyEncryptionKey(environment: Given): KeyObject | undefined {
  return readSome(environment, ['ACCESS_KEY_ENCRYPTION_KEY']).ACCESS_KEY_ENCRYPTION_KEY;
}

function readSome<Name extends keyof Variables>(
  environment: Given,
  names: readonly Name[],
): Pick<Variables, Name> {
  const given = withoutEmpty(environment);
  const chosen = Object.fromEntries(names.map((name) => [name, given[name]]));
  const parsed = environmentSchema.safeParse(chosen);
  if (!parsed.success) throw new ConfigError(mistakesOf(parsed.error));
  return parsed.data;
}

function withoutEmpty(environment: Given): Given {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

function mistakesOf(error: z.ZodError | undefined): readonly string[] {
  return (error?.issues ?? []).map(({ path, message }) => `${String(path[0])} ${message}.`);
}

function embeddedConfig(variables: Variables): EmbeddedProtonConfig {
  return {
    kind: 'embedded',
    store: { location: variables.DATABASE_URL.slice('sqlite:'.length) },
    controlPlane: {
      defaultRegion: variables.AWS_REGION ?? DEFAULT_REGION,
      defaultAccountId: variables.PROTON_DEFAULT_ACCOUNT_ID ?? DEFAULT_ACCOUNT,
      connectionQuota: variables.PROTON_CONNECTION_QUOTA,
    },
    endpoint: endpointConfig(variables),
  };
}

const DEFAULT_REGION = 'us-east-1' as Region;
const DEFAULT_ACCOUNT = '000000000000' as AccountId;

function endpointConfig(variables: Variables): EndpointConfig | undefined {
  const { PROTON_ENDPOINT_PORT: port, ACCESS_KEY_ENCRYPTION_KEY: encryptionKey } = variables;
  if (port === 'off') return undefined;
  const { host, auth } = endpointManners(variables);
  if (auth === 'none') return { host, port, auth: { kind: 'none' } };
  if (encryptionKey === undefined) throw new Error('the missing encryption key has been passed over');
  return { host, port, auth: { kind: 'sigv4', encryptionKey } };
}

/** Where the endpoint listens and how it knows its callers, with what is left open filled in. */
function endpointManners({
  HOST,
  PROTON_ENDPOINT_HOST: host = HOST ?? DEFAULT_HOST,
  PROTON_ENDPOINT_AUTH: auth = isLoopback(host) ? 'none' : 'sigv4',
}: {
  readonly HOST?: string | undefined;
  readonly PROTON_ENDPOINT_HOST?: string | undefined;
  readonly PROTON_ENDPOINT_AUTH?: string | undefined;
}): { readonly host: string; readonly auth: string } {
  return { host, auth };
}

function sdkConfig(variables: Variables, endpoint: string): SdkProtonConfig {
  const accounts = variables.PROTON_ACCOUNTS ?? [];
  const defaultRegion = variables.AWS_REGION ?? variables.PROTON_REGIONS?.[0] ?? DEFAULT_REGION;
  return {
    kind: 'sdk',
    endpointUrl: endpoint === 'aws' ? undefined : endpoint,
    accounts,
    regions: variables.PROTON_REGIONS ?? [defaultRegion],
    defaultRegion,
    defaultAccountId:
      variables.PROTON_DEFAULT_ACCOUNT_ID ?? (accounts.length === 1 ? accounts[0] : undefined),
    credentials: credentialSource(variables),
    timeoutMs: variables.PROTON_TIMEOUT_MS,
  };
}

function credentialSource(variables: Variables): CredentialSource {
  const { AWS_ACCOUNT_ROLE_ARN_TEMPLATE: arnTemplate, AWS_ACCOUNT_PROFILE_TEMPLATE: nameTemplate } =
    variables;
  if (arnTemplate !== undefined) return { kind: 'role', arnTemplate };
  if (nameTemplate !== undefined) return { kind: 'profile', nameTemplate };
  return { kind: 'default-chain' };
}

/** Judged beside the schema, for they concern several variables and must be told whatever else is wrong. */
function openAddressMistakes({ HOST = DEFAULT_HOST, ALLOW_UNAUTHENTICATED }: Given): readonly string[] {
  if (!HOST_NAME.test(HOST) || isLoopback(HOST) || ALLOW_UNAUTHENTICATED === 'true') return [];
  return [
    `HOST is ${HOST}, where everyone who reaches this machine could change connections, for there is no authentication. ` +
      'Listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true if that is what you want.',
  ];
}

function endpointMistakes(given: Given): readonly string[] {
  const { PROTON_ENDPOINT, ACCESS_KEY_ENCRYPTION_KEY } = given;
  const { PORT = String(DEFAULT_PORT), PROTON_ENDPOINT_PORT = String(DEFAULT_ENDPOINT_PORT) } = given;
  if (PROTON_ENDPOINT !== undefined || PROTON_ENDPOINT_PORT === 'off') return [];
  if (PROTON_ENDPOINT_PORT !== '0' && PROTON_ENDPOINT_PORT === PORT) {
    return [`PROTON_ENDPOINT_PORT is ${PORT}, and so is PORT: the two need ports of their own.`];
  }
  const { host, auth } = endpointManners(given);
  if (auth === 'none' && HOST_NAME.test(host) && !isLoopback(host)) {
    return [
      `PROTON_ENDPOINT_AUTH is none, and the Proton endpoint would listen on ${host}, where everyone could act as any account. ` +
        'Set it to sigv4, or set PROTON_ENDPOINT_HOST to 127.0.0.1.',
    ];
  }
  if (auth === 'sigv4' && ACCESS_KEY_ENCRYPTION_KEY === undefined) {
    return [
      'ACCESS_KEY_ENCRYPTION_KEY must be set where callers of the Proton endpoint sign their requests, as they do with ' +
        `PROTON_ENDPOINT_AUTH=sigv4, and without it on any address but loopback (here: ${host}). Make one with \`openssl rand -base64 32\` ` +
        'and keep it, or turn the endpoint off with PROTON_ENDPOINT_PORT=off.',
    ];
  }
  return [];
}

/** What goes with one adapter and not with the other, and what the SDK's must be told. */
function adapterMistakes(given: Given): readonly string[] {
  const { PROTON_ENDPOINT, PROTON_ACCOUNTS, PROTON_REGIONS, AWS_REGION, PROTON_DEFAULT_ACCOUNT_ID } = given;
  const { AWS_ACCOUNT_ROLE_ARN_TEMPLATE, AWS_ACCOUNT_PROFILE_TEMPLATE } = given;
  const accounts = partsOf(PROTON_ACCOUNTS);
  if (PROTON_ENDPOINT === undefined) {
    return [
      'PROTON_ACCOUNTS',
      'PROTON_REGIONS',
      'AWS_ACCOUNT_ROLE_ARN_TEMPLATE',
      'AWS_ACCOUNT_PROFILE_TEMPLATE',
    ]
      .filter((name) => given[name] !== undefined)
      .map(
        (name) =>
          `${name} is for a Proton endpoint elsewhere, which PROTON_ENDPOINT would name; it isn't set.`,
      );
  }
  const mistakes = [
    'DATABASE_URL',
    'PROTON_CONNECTION_QUOTA',
    'PROTON_ENDPOINT_PORT',
    'PROTON_ENDPOINT_HOST',
    'PROTON_ENDPOINT_AUTH',
  ]
    .filter((name) => given[name] !== undefined && given[name] !== 'off')
    .map((name) => `${name} is for the control plane in this process; with PROTON_ENDPOINT there is none.`);
  if (accounts.length === 0) {
    mistakes.push(
      'PROTON_ACCOUNTS must name the accounts whose connections are served, where PROTON_ENDPOINT is set.',
    );
  }
  if (
    accounts.length > 1 &&
    AWS_ACCOUNT_ROLE_ARN_TEMPLATE === undefined &&
    AWS_ACCOUNT_PROFILE_TEMPLATE === undefined
  ) {
    mistakes.push(
      'PROTON_ACCOUNTS names several accounts, and the default credentials are those of one. Set AWS_ACCOUNT_ROLE_ARN_TEMPLATE to a role in each, or AWS_ACCOUNT_PROFILE_TEMPLATE to a profile for each.',
    );
  }
  if (AWS_ACCOUNT_ROLE_ARN_TEMPLATE !== undefined && AWS_ACCOUNT_PROFILE_TEMPLATE !== undefined) {
    mistakes.push(
      'AWS_ACCOUNT_PROFILE_TEMPLATE and AWS_ACCOUNT_ROLE_ARN_TEMPLATE are two ways to the same credentials; set one.',
    );
  }
  if (
    AWS_REGION !== undefined &&
    PROTON_REGIONS !== undefined &&
    !partsOf(PROTON_REGIONS).includes(AWS_REGION)
  ) {
    mistakes.push(`AWS_REGION is ${AWS_REGION}, which is not among PROTON_REGIONS.`);
  }
  if (
    PROTON_DEFAULT_ACCOUNT_ID !== undefined &&
    accounts.length > 0 &&
    !accounts.includes(PROTON_DEFAULT_ACCOUNT_ID)
  ) {
    mistakes.push(
      `PROTON_DEFAULT_ACCOUNT_ID is ${PROTON_DEFAULT_ACCOUNT_ID}, which is not among PROTON_ACCOUNTS.`,
    );
  }
  return mistakes;
}

function partsOf(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, href, origin } = new URL(value);
  return /^https?:$/.test(protocol) && href === `${origin}/`;
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    // A key is opaque and its native side must stay writable.
    if (typeof part === 'object' && part !== null && Object.getPrototypeOf(part) === Object.prototype)
      deepFreeze(part);
    if (Array.isArray(part)) Object.freeze(part);
  }
  return Object.freeze(value);
}
