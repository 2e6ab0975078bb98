import type { AccountId, ConnectionId, Region, RoleArn } from './identifiers';

/** `PENDING` until the management account accepts or rejects the connection. `REJECTED` is final. */
export const ConnectionStatus = { PENDING: 'PENDING', CONNECTED: 'CONNECTED', REJECTED: 'REJECTED' } as const;
export type ConnectionStatus = keyof typeof ConnectionStatus;

/** The two roles that an account can have in a connection. */
export const AccountRole = {
  MANAGEMENT_ACCOUNT: 'MANAGEMENT_ACCOUNT',
  ENVIRONMENT_ACCOUNT: 'ENVIRONMENT_ACCOUNT',
} as const;
export type AccountRole = keyof typeof AccountRole;

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A time, in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMilliseconds = number;

/** The three IAM roles of a connection; null where a role is not set. */
export interface ConnectionRoles {
  /** Used to provision with CloudFormation. */
  readonly roleArn: RoleArn | null;
  /** Used to provision directly defined components. */
  readonly componentRoleArn: RoleArn | null;
  /** Used to provision with CodeBuild. */
  readonly codebuildRoleArn: RoleArn | null;
}

export const ROLE_MEMBERS = ['roleArn', 'componentRoleArn', 'codebuildRoleArn'] as const;

/** Among the connections that are `PENDING` or `CONNECTED`, no two have the same four values. */
export interface ConnectionIdentity {
  readonly environmentAccountId: AccountId;
  readonly managementAccountId: AccountId;
  readonly environmentName: string;
  readonly region: Region;
}

/** An environment account connection: lets a management account create environments in an environment account. */
export interface Connection extends ConnectionIdentity, ConnectionRoles {
  readonly id: ConnectionId;
  readonly status: ConnectionStatus;
  readonly requestedAt: EpochMilliseconds;
  readonly lastModifiedAt: EpochMilliseconds;
  /** In the order in which the keys were first added. Keys are unique. */
  readonly tags: readonly Tag[];
}

/**
 * A connection as an adapter returns it. Two members that AWS's responses do not contain may be left out; read them with
 * `ProtonSession.readTags` and `readCodebuildRoles`.
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

/** A write that changed a connection. */
export interface ConnectionEvent {
  readonly id: string;
  readonly connectionId: ConnectionId;
  readonly type: ConnectionEventType;
  /** The status after the write; null if the write deleted the connection. */
  readonly status: ConnectionStatus | null;
  /** The status before the write; null if the write created the connection. */
  readonly previousStatus: ConnectionStatus | null;
  /** The `subject` of the viewer who made the write. */
  readonly actor: string;
  readonly occurredAt: EpochMilliseconds;
}
