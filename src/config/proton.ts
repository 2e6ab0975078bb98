import type { KeyObject } from 'node:crypto';

import type { AccountId, Region } from '../proton/identifiers';
import { endpointManners } from './conflicts';
import { encryptionKeyOf } from './encryption-key';
import type { Variables } from './environment';

/** The control plane in this process. */
export interface EmbeddedProtonConfig {
  readonly kind: 'embedded';
  readonly store: {
    readonly location: string;
    /** How long a write waits for another process's lock, in milliseconds. */
    readonly lockTimeoutMs: number;
  };
  readonly controlPlane: {
    readonly defaultRegion: Region;
    readonly defaultAccountId: AccountId | undefined;
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

/**
 * @param authenticated whether callers prove who they are; then no account stands in for one that a creation does not name
 */
export function protonConfig(
  variables: Variables,
  authenticated: boolean,
): EmbeddedProtonConfig | SdkProtonConfig {
  const { PROTON_ENDPOINT: endpoint } = variables;
  return endpoint === undefined
    ? embeddedConfig(variables, authenticated ? undefined : DEFAULT_ACCOUNT)
    : sdkConfig(variables, endpoint, authenticated);
}

/** @param defaultAccountId of a creation that points to no account, unless a variable names another */
function embeddedConfig(variables: Variables, defaultAccountId: AccountId | undefined): EmbeddedProtonConfig {
  return {
    kind: 'embedded',
    store: {
      location: variables.DATABASE_URL.slice('sqlite:'.length),
      lockTimeoutMs: variables.STORE_LOCK_TIMEOUT_MS,
    },
    controlPlane: {
      defaultRegion: variables.AWS_REGION ?? DEFAULT_REGION,
      defaultAccountId: variables.PROTON_DEFAULT_ACCOUNT_ID ?? defaultAccountId,
      connectionQuota: variables.PROTON_CONNECTION_QUOTA,
    },
    endpoint: endpointConfig(variables),
  };
}

const DEFAULT_REGION = 'us-east-1' as Region;
const DEFAULT_ACCOUNT = '000000000000' as AccountId;

function endpointConfig(variables: Variables): EndpointConfig | undefined {
  const { PROTON_ENDPOINT_PORT: port } = variables;
  if (port === 'off') return undefined;
  const { host, auth } = endpointManners(variables);
  if (auth === 'none') return { host, port, auth: { kind: 'none' } };
  return { host, port, auth: { kind: 'sigv4', encryptionKey: encryptionKeyOf(variables) } };
}

function sdkConfig(variables: Variables, endpoint: string, authenticated: boolean): SdkProtonConfig {
  const accounts = variables.PROTON_ACCOUNTS ?? [];
  const defaultRegion = variables.AWS_REGION ?? variables.PROTON_REGIONS?.[0] ?? DEFAULT_REGION;
  return {
    kind: 'sdk',
    endpointUrl: endpoint === 'aws' ? undefined : endpoint,
    accounts,
    regions: variables.PROTON_REGIONS ?? [defaultRegion],
    defaultRegion,
    defaultAccountId: variables.PROTON_DEFAULT_ACCOUNT_ID ?? (authenticated ? undefined : onlyOf(accounts)),
    credentials: credentialSource(variables),
    timeoutMs: variables.PROTON_TIMEOUT_MS,
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
