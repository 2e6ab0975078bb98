import type { KeyObject } from 'node:crypto';

import type { z } from 'zod';

import type { AccountId, Region } from './proton/identifiers';
import { conflictsIn, endpointManners } from './settings/conflicts';
import { environmentSchema, type Given, type LogLevel, type Variables } from './settings/variables';

/** All that the environment says, judged and in the words of the domain. */
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
/**
 * Reads the configuration from environment variables. One that is set to nothing counts as not set.
 * @throws ConfigError with all mistakes at once
 */
export function readConfig(environment: Given): Config {
  const given = withoutEmpty(environment);
  const parsed = environmentSchema.safeParse(given);
  const mistakes = [...mistakesOf(parsed.error), ...conflictsIn(given)];
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
function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    // A key is opaque and its native side must stay writable.
    if (typeof part === 'object' && part !== null && Object.getPrototypeOf(part) === Object.prototype)
      deepFreeze(part);
    if (Array.isArray(part)) Object.freeze(part);
  }
  return Object.freeze(value);
}
