import type { KeyObject } from 'node:crypto';

import type { z } from 'zod';

import { authenticationConfig, type AuthenticationConfig } from './authentication';
import { isAuthenticated } from './authentication-conflicts';
import { NEVER_EMPTY } from './authentication-variables';
import { conflictsIn } from './conflicts';
import { limitsConfig, type LimitsConfig } from './limits';
import { protonConfig, type EmbeddedProtonConfig, type SdkProtonConfig } from './proton';
import { timingConfig, type TimingConfig } from './timing-config';
import { isLoopback } from './env-types';
import { environmentSchema, type Given, type LogLevel, type Variables } from './environment';

export type { AuthenticationConfig } from './authentication';
export type { LimitsConfig } from './limits';
export type { EmbeddedProtonConfig, EndpointConfig, SdkProtonConfig } from './proton';
export type { TimingConfig } from './timing-config';

/** All that the environment says, judged and in the words of the domain. */
export interface Config {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Whether any name that leads here may be asked by; else only names of loopback, so that no web page gets in by its own. */
    readonly anyHostName: boolean;
    /** The origins whose pages may read answers. */
    readonly corsOrigins: readonly string[];
  };
  /** Health and metrics; undefined when they are turned off. */
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  readonly authentication: AuthenticationConfig;
  readonly limits: LimitsConfig;
  readonly timing: TimingConfig;
  /** Where connections are kept. */
  readonly proton: EmbeddedProtonConfig | SdkProtonConfig;
  /** Whether this is a deployment: no introspection, no suggestions, no Sandbox. */
  readonly production: boolean;
  readonly logLevel: LogLevel;
}

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
 * Reads the configuration from environment variables. One that is set to nothing counts as not set, but for what proves the router.
 * @throws ConfigError with all mistakes at once
 */
export function readConfig(environment: Given): Config {
  const given = withoutEmpty(environment);
  for (const name of NEVER_EMPTY) if (environment[name] === '') given[name] = '';
  const parsed = environmentSchema.safeParse(given);
  const mistakes = [...mistakesOf(parsed.error), ...conflictsIn(given)];
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  const variables = parsed.data;
  const { HOST: host } = variables;
  const authenticated = isAuthenticated(given);
  return deepFreeze({
    http: {
      host,
      port: variables.PORT,
      anyHostName: isAuthenticated(given) || variables.ALLOW_UNAUTHENTICATED === 'true' || !isLoopback(host),
      corsOrigins: variables.CORS_ORIGINS ?? [],
    },
    admin: variables.ADMIN_PORT === 'off' ? undefined : { host, port: variables.ADMIN_PORT },
    authentication: authenticationConfig(variables),
    limits: limitsConfig(variables),
    timing: timingConfig(variables),
    proton: protonConfig(variables, authenticated),
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

function withoutEmpty(environment: Given): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

function mistakesOf(error: z.ZodError | undefined): readonly string[] {
  return (error?.issues ?? []).map(({ path, message }) => `${String(path[0])} ${message}.`);
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
