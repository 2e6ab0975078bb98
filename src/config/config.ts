import type { KeyObject } from 'node:crypto';

import type { z } from 'zod';

import type { AuthenticationConfig } from '../authentication/authentication';
import type { Region } from '../proton/identifiers';
import type { TrustPolicyDefaults } from '../proton/trust-policy/request';
import { authenticationConfig, authenticationMistakes, isAuthenticated, NEVER_EMPTY } from './authentication';
import { consoleConfig, consoleMistakes, type ConsoleConfig } from './console';
import { isLoopback } from './env-types';
import { environmentSchema, type Environment, type Variables } from './environment';
import { eventsConfig, eventsMistakes, type EventsConfig } from './events';
import { limitsConfig, timingConfig, type LimitsConfig, type TimingConfig } from './limits';
import { protonConfig, protonMistakes, type EmbeddedProtonConfig, type SdkProtonConfig } from './proton';
import { serverMistakes, type LogLevel } from './servers';
import { subscriptionMistakes, subscriptionsConfig, type SubscriptionsConfig } from './subscriptions';
import { STORE_VARIABLES, storeConfig, storeMistakes, type StoreConfig } from './store';

/** The whole configuration of a server, validated. */
export interface Config {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Whether the Host header must name this machine (localhost or a loopback address), against DNS rebinding. */
    readonly checkHostHeader: boolean;
    /** The origins whose pages may read responses. */
    readonly corsOrigins: readonly string[];
  };
  /** Health and metrics; undefined when they are turned off. */
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  readonly authentication: AuthenticationConfig;
  /** Where the console and the explorer are served; undefined when they are turned off. */
  readonly console: ConsoleConfig | undefined;
  readonly limits: LimitsConfig;
  readonly subscriptions: SubscriptionsConfig;
  readonly timing: TimingConfig;
  /** Where connections are kept. */
  readonly proton: EmbeddedProtonConfig | SdkProtonConfig;
  /** Where status changes are sent. There is no destination with a Proton endpoint elsewhere, which has no change feed. */
  readonly events: EventsConfig;
  /** What trust policies are made with where a request says nothing else. */
  readonly trustPolicies: TrustPolicyDefaults;
  /** Turns off introspection, suggestions and Sandbox. */
  readonly production: boolean;
  readonly logLevel: LogLevel;
}

/** Every mistake in the environment, each as a line that begins with the variable's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly mistakes: readonly string[]) {
    super(
      ['The configuration has mistakes:', ...mistakes.map((mistake) => `  ${mistake}`)].join('\n') +
        '\nEvery variable is described in docs/reference/configuration.md.',
    );
  }
}

/**
 * Reads the configuration from environment variables. An empty variable counts as unset, except for those in NEVER_EMPTY.
 * @throws ConfigError with all mistakes at once
 */
export function readConfig(environment: Environment): Config {
  const given = withoutEmpty(environment);
  for (const name of NEVER_EMPTY) if (environment[name] === '') given[name] = '';
  const authenticated = isAuthenticated(given);
  const parsed = environmentSchema.safeParse(given);
  // Conflicts are looked for in the unparsed variables, so that they are reported beside values that don't parse.
  const mistakes = [
    ...mistakesOf(parsed.error),
    ...serverMistakes(given, authenticated),
    ...authenticationMistakes(given, authenticated),
    ...consoleMistakes(given),
    ...protonMistakes(given),
    ...subscriptionMistakes(given),
    ...eventsMistakes(given),
  ];
  if (!parsed.success || mistakes.length > 0) throw new ConfigError(mistakes);
  const variables = parsed.data;
  const { HOST: host } = variables;
  const proton = protonConfig(variables, authenticated);
  return deepFreeze({
    http: {
      host,
      port: variables.PORT,
      checkHostHeader: !authenticated && variables.ALLOW_UNAUTHENTICATED !== 'true' && isLoopback(host),
      corsOrigins: variables.CORS_ORIGINS ?? [],
    },
    admin: variables.ADMIN_PORT === 'off' ? undefined : { host, port: variables.ADMIN_PORT },
    authentication: authenticationConfig(variables),
    console: variables.CONSOLE === 'off' ? undefined : consoleConfig(variables, authenticated),
    limits: limitsConfig(variables),
    subscriptions: subscriptionsConfig(variables),
    timing: timingConfig(variables),
    proton,
    events: eventsConfig(variables, given),
    trustPolicies: {
      region: proton.kind === 'embedded' ? proton.controlPlane.defaultRegion : proton.defaultRegion,
      provisionerRole: variables.PROVISIONER_ROLE ?? null,
    },
    production: variables.NODE_ENV === 'production',
    logLevel: variables.LOG_LEVEL,
  });
}

/**
 * Reads the variables that say where the connections are kept, and ignores those of servers.
 * @returns undefined when they are kept elsewhere
 * @throws ConfigError
 */
export function readStoreConfig(environment: Environment): StoreConfig | undefined {
  const { PROTON_UPSTREAM, ...variables } = parseSome(environment, ['PROTON_UPSTREAM', ...STORE_VARIABLES]);
  if (PROTON_UPSTREAM !== undefined) return undefined;
  const mistakes = storeMistakes(withoutEmpty(environment));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return storeConfig(variables);
}

/**
 * The key that encrypts the secrets of access keys; undefined when it is not set.
 * @throws ConfigError
 */
export function readAccessKeyEncryptionKey(environment: Environment): KeyObject | undefined {
  return parseSome(environment, ['ACCESS_KEY_ENCRYPTION_KEY']).ACCESS_KEY_ENCRYPTION_KEY;
}

/**
 * The role that trust policies admit; undefined when PROVISIONER_ROLE is not set.
 * @throws ConfigError
 */
export function readProvisionerRole(environment: Environment): string | undefined {
  return parseSome(environment, ['PROVISIONER_ROLE']).PROVISIONER_ROLE;
}

/**
 * The Region that commands work in unless an option names one; undefined when AWS_REGION is not set.
 * @throws ConfigError
 */
export function readDefaultRegion(environment: Environment): Region | undefined {
  return parseSome(environment, ['AWS_REGION']).AWS_REGION;
}

function parseSome<Name extends keyof Variables>(
  environment: Environment,
  names: readonly Name[],
): Pick<Variables, Name> {
  const given = withoutEmpty(environment);
  const chosen = Object.fromEntries(names.map((name) => [name, given[name]]));
  const parsed = environmentSchema.safeParse(chosen);
  if (!parsed.success) throw new ConfigError(mistakesOf(parsed.error));
  return parsed.data;
}

function withoutEmpty(environment: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

function mistakesOf(error: z.ZodError | undefined): readonly string[] {
  return (error?.issues ?? []).map(({ path, message }) => `${String(path[0])} ${message}.`);
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    // Leave KeyObject alone: its native part must stay writable.
    if (typeof part === 'object' && part !== null && Object.getPrototypeOf(part) === Object.prototype)
      deepFreeze(part);
    if (Array.isArray(part)) Object.freeze(part);
  }
  return Object.freeze(value);
}
