import type { AccountId, ConnectionId, Region, RoleArn } from './identifiers';

/** Where a connection stands: `PENDING` until its management account accepts or rejects it. */
export const ConnectionStatus = { PENDING: 'PENDING', CONNECTED: 'CONNECTED', REJECTED: 'REJECTED' } as const;
export type ConnectionStatus = keyof typeof ConnectionStatus;

/** The two parts that an account can play in a connection. */
export const AccountRole = {
  MANAGEMENT_ACCOUNT: 'MANAGEMENT_ACCOUNT',
  ENVIRONMENT_ACCOUNT: 'ENVIRONMENT_ACCOUNT',
} as const;
export type AccountRole = keyof typeof AccountRole;

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** An instant, in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMilliseconds = number;

/** The three roles a connection may carry; null where none is set. */
export interface ConnectionRoles {
  /** Provisions with CloudFormation. */
  readonly roleArn: RoleArn | null;
  /** Provisions directly defined components. */
  readonly componentRoleArn: RoleArn | null;
  /** Provisions with CodeBuild. */
  readonly codebuildRoleArn: RoleArn | null;
}

export const ROLE_MEMBERS = ['roleArn', 'componentRoleArn', 'codebuildRoleArn'] as const;

/** An environment account connection, as it stands. */
export interface Connection extends ConnectionRoles {
  readonly id: ConnectionId;
  readonly region: Region;
  readonly status: ConnectionStatus;
  readonly environmentName: string;
  readonly managementAccountId: AccountId;
  readonly environmentAccountId: AccountId;
  readonly requestedAt: EpochMilliseconds;
  readonly lastModifiedAt: EpochMilliseconds;
  /** In the order in which they were first added; no key twice. */
  readonly tags: readonly Tag[];
}

/**
 * A connection as a back end shows it: what AWS's lists and answers do not carry may be left out, and is then asked for by
 * itself, with `ProtonSession.readTags` and `readCodebuildRoles`.
 */
export type ConnectionView = Omit<Connection, 'codebuildRoleArn' | 'tags'> &
  Partial<Pick<Connection, 'codebuildRoleArn' | 'tags'>>;

export const ConnectionEventType = {
  CREATED: 'CREATED',
  ACCEPTED: 'ACCEPTED',
  REJECTED: 'REJECTED',
  UPDATED: 'UPDATED',
  TAGGED: 'TAGGED',
  UNTAGGED: 'UNTAGGED',
  DELETED: 'DELETED',
  IMPORTED: 'IMPORTED',
} as const;
export type ConnectionEventType = keyof typeof ConnectionEventType;

/** One write that changed something. */
export interface ConnectionEvent {
  readonly id: string;
  readonly connectionId: ConnectionId;
  readonly type: ConnectionEventType;
  /** The status after the write; null once the connection is gone. */
  readonly status: ConnectionStatus | null;
  /** The status before it; null where there was no connection. */
  readonly previousStatus: ConnectionStatus | null;
  /** The subject of the viewer who did it. */
  readonly actor: string;
  readonly occurredAt: EpochMilliseconds;
}
