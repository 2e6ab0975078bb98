import type { KeyObject } from 'node:crypto';

import { z } from 'zod';

import type { CredentialSource } from '../proton-sdk/transport/credentials';
import { isRoleArn, type AccountId, type Region } from '../proton/identifiers';
import {
  accountId,
  HOST_NAME,
  isLoopback,
  isOrigin,
  listOf,
  milliseconds,
  quoted,
  region,
} from './env-types';
import type { Environment, Variables } from './environment';
import { DEFAULT_HOST } from './servers';
import { POSTGRES_VARIABLES, storeConfig, storeMistakes, type StoreConfig } from './store';

const ACCOUNT_PLACEHOLDER = '{accountId}';
const EXAMPLE_ACCOUNT = '123456789012';
const MAX_POLL_INTERVAL_MS = 3_600_000;

export const UPSTREAM = {
  PROTON_UPSTREAM: z
    .string()
    .refine((value) => value === 'aws' || isOrigin(value), {
      error: ({ input }) =>
        `must be aws, or the URL of a Proton endpoint, as in https://proton.example.com, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'URL of a Proton endpoint elsewhere, which replaces the control plane in this process. `aws` takes the endpoint that the AWS SDK resolves.',
    ),
  PROTON_ACCOUNTS: listOf(accountId)
    .optional()
    .describe('Accounts whose connections are served, comma-separated.'),
  PROTON_REGIONS: listOf(region)
    .optional()
    .meta({ description: 'Regions to look in, comma-separated.', shownDefault: '`AWS_REGION`' }),
  AWS_ACCOUNT_ROLE_ARN_TEMPLATE: z
    .string()
    .refine(
      (value) =>
        value.includes(ACCOUNT_PLACEHOLDER) &&
        isRoleArn(value.replaceAll(ACCOUNT_PLACEHOLDER, EXAMPLE_ACCOUNT)),
      {
        error: ({ input }) =>
          `must be the ARN of an IAM role with ${ACCOUNT_PLACEHOLDER} in it, as in arn:aws:iam::${ACCOUNT_PLACEHOLDER}:role/proton-subgraph, not ${quoted(input)}`,
      },
    )
    .optional()
    .describe('Role to assume in each account, as in `arn:aws:iam::{accountId}:role/proton-subgraph`.'),
  AWS_ACCOUNT_PROFILE_TEMPLATE: z
    .string()
    .refine((value) => value.includes(ACCOUNT_PLACEHOLDER), {
      error: ({ input }) =>
        `must be the name of an AWS profile with ${ACCOUNT_PLACEHOLDER} in it, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'AWS profile for each account, as in `proton-{accountId}`. With neither template, the SDK’s default credentials are used for the one account.',
    ),
  PROTON_TIMEOUT_MS: milliseconds(1)
    .default(5_000)
    .describe('How long all upstream calls of one request may take together.'),
  PROTON_POLL_INTERVAL_MS: milliseconds(100, MAX_POLL_INTERVAL_MS)
    .default(5_000)
    .describe(
      'How long to wait between two looks at the upstream’s lists for changes. They are looked at only while there are [subscriptions](../guides/subscriptions.md).',
    ),
};

/** The control plane in this process. */
export interface EmbeddedProtonConfig {
  readonly kind: 'embedded';
  readonly store: StoreConfig;
  readonly controlPlane: {
    readonly defaultRegion: Region;
    readonly defaultAccountId: AccountId | undefined;
    readonly connectionQuota: number;
  };
  /** The server for AWS clients; undefined when it is turned off. */
  readonly awsServer: AwsServerConfig | undefined;
}

export interface AwsServerConfig {
  readonly host: string;
  readonly port: number;
  readonly auth: AwsServerAuth;
}

/** Whether callers must sign with access keys, or the access key id is trusted as the account. */
export type AwsServerAuth =
  { readonly kind: 'none' } | { readonly kind: 'sigv4'; readonly encryptionKey: KeyObject };

/** A Proton endpoint elsewhere, called through the AWS SDK. */
export interface SdkProtonConfig {
  readonly kind: 'sdk';
  /** Undefined when the AWS SDK resolves it. */
  readonly endpointUrl: string | undefined;
  readonly accounts: readonly AccountId[];
  readonly regions: readonly Region[];
  readonly defaultRegion: Region;
  /** The environment account of a create that names none; undefined when there are several accounts. */
  readonly defaultAccountId: AccountId | undefined;
  readonly credentials: CredentialSource;
  /** For all calls of one request together. */
  readonly timeoutMs: number;
  /** The pause between two looks for changes, while there are subscriptions, in milliseconds. */
  readonly pollIntervalMs: number;
}

/**
 * @param authenticated whether routers or users authenticate; if so, a create that names no account is refused
 */
export function protonConfig(
  variables: Variables,
  authenticated: boolean,
): EmbeddedProtonConfig | SdkProtonConfig {
  const { PROTON_UPSTREAM: upstream } = variables;
  return upstream === undefined
    ? embeddedConfig(variables, authenticated ? undefined : DEFAULT_ACCOUNT)
    : sdkConfig(variables, upstream, authenticated);
}

/** @param defaultAccountId the environment account of a create that names none, unless a variable sets another */
function embeddedConfig(variables: Variables, defaultAccountId: AccountId | undefined): EmbeddedProtonConfig {
  return {
    kind: 'embedded',
    store: storeConfig(variables),
    controlPlane: {
      defaultRegion: variables.AWS_REGION ?? DEFAULT_REGION,
      defaultAccountId: variables.PROTON_DEFAULT_ACCOUNT_ID ?? defaultAccountId,
      connectionQuota: variables.PROTON_CONNECTION_QUOTA,
    },
    awsServer: awsServerConfig(variables),
  };
}

export const DEFAULT_REGION = 'us-east-1' as Region;
const DEFAULT_ACCOUNT = '000000000000' as AccountId;

function awsServerConfig(variables: Variables): AwsServerConfig | undefined {
  const { PROTON_ENDPOINT_PORT: port } = variables;
  if (port === 'off') return undefined;
  const { host, auth } = awsServerOptions(variables);
  if (auth === 'none') return { host, port, auth: { kind: 'none' } };
  return { host, port, auth: { kind: 'sigv4', encryptionKey: encryptionKeyOf(variables) } };
}

function sdkConfig(variables: Variables, upstream: string, authenticated: boolean): SdkProtonConfig {
  const accounts = variables.PROTON_ACCOUNTS ?? [];
  const defaultRegion = variables.AWS_REGION ?? variables.PROTON_REGIONS?.[0] ?? DEFAULT_REGION;
  return {
    kind: 'sdk',
    endpointUrl: upstream === 'aws' ? undefined : upstream,
    accounts,
    regions: variables.PROTON_REGIONS ?? [defaultRegion],
    defaultRegion,
    defaultAccountId: variables.PROTON_DEFAULT_ACCOUNT_ID ?? (authenticated ? undefined : onlyOf(accounts)),
    credentials: credentialSource(variables),
    timeoutMs: variables.PROTON_TIMEOUT_MS,
    pollIntervalMs: variables.PROTON_POLL_INTERVAL_MS,
  };
}

function onlyOf<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function credentialSource(variables: Variables): CredentialSource {
  const { AWS_ACCOUNT_ROLE_ARN_TEMPLATE: arnTemplate, AWS_ACCOUNT_PROFILE_TEMPLATE: nameTemplate } =
    variables;
  if (arnTemplate !== undefined) return { kind: 'role', arnTemplate };
  if (nameTemplate !== undefined) return { kind: 'profile', nameTemplate };
  return { kind: 'default-chain' };
}

/** The key; `awsServerMistakes` and `authenticationMistakes` have rejected a missing one. */
export function encryptionKeyOf({ ACCESS_KEY_ENCRYPTION_KEY: key }: Variables): KeyObject {
  if (key === undefined) throw new Error('a configuration that needs ACCESS_KEY_ENCRYPTION_KEY must have it');
  return key;
}

/** Where the Proton endpoint listens and how its callers authenticate, with defaults for what is not set. */
function awsServerOptions({
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

/** Conflicts between the variables of the control plane, the Proton endpoint and the SDK adapter. */
export function protonMistakes(environment: Environment): readonly string[] {
  return [
    ...oldNameMistakes(environment),
    ...(environment['PROTON_UPSTREAM'] === undefined ? storeMistakes(environment) : []),
    ...awsServerMistakes(environment),
    ...adapterMistakes(environment),
  ];
}

function oldNameMistakes({ PROTON_ENDPOINT }: Environment): readonly string[] {
  return PROTON_ENDPOINT === undefined ? [] : ['PROTON_ENDPOINT is called PROTON_UPSTREAM now: rename it.'];
}

function awsServerMistakes(environment: Environment): readonly string[] {
  const { PROTON_UPSTREAM, ACCESS_KEY_ENCRYPTION_KEY } = environment;
  if (PROTON_UPSTREAM !== undefined || environment['PROTON_ENDPOINT_PORT'] === 'off') return [];
  const { host, auth } = awsServerOptions(environment);
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

/** Variables of the adapter that is not in use, and what the SDK adapter needs. */
function adapterMistakes(environment: Environment): readonly string[] {
  const { PROTON_UPSTREAM, PROTON_ACCOUNTS, PROTON_REGIONS, AWS_REGION, PROTON_DEFAULT_ACCOUNT_ID } =
    environment;
  const { AWS_ACCOUNT_ROLE_ARN_TEMPLATE, AWS_ACCOUNT_PROFILE_TEMPLATE } = environment;
  const accounts = partsOf(PROTON_ACCOUNTS);
  if (PROTON_UPSTREAM === undefined) {
    return [
      'PROTON_ACCOUNTS',
      'PROTON_REGIONS',
      'AWS_ACCOUNT_ROLE_ARN_TEMPLATE',
      'AWS_ACCOUNT_PROFILE_TEMPLATE',
    ]
      .filter((name) => environment[name] !== undefined)
      .map((name) => `${name} is for a Proton endpoint elsewhere, and PROTON_UPSTREAM, its URL, is not set.`);
  }
  const mistakes = [
    'DATABASE_URL',
    ...POSTGRES_VARIABLES,
    'PROTON_CONNECTION_QUOTA',
    'PROTON_ENDPOINT_PORT',
    'PROTON_ENDPOINT_HOST',
    'PROTON_ENDPOINT_AUTH',
  ]
    .filter((name) => environment[name] !== undefined && environment[name] !== 'off')
    .map((name) => `${name} is for the control plane in this process; with PROTON_UPSTREAM there is none.`);
  if (accounts.length === 0) {
    mistakes.push(
      'PROTON_ACCOUNTS must name the accounts whose connections are served, where PROTON_UPSTREAM is set.',
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
