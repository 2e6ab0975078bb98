import { z } from 'zod';

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

/** The values of a connection in the order in which a store reads its columns. The last one is a JSON array of tags. */
export type ConnectionValues = readonly [
  id: ConnectionId,
  region: Region,
  status: ConnectionStatus,
  environmentName: string,
  managementAccountId: AccountId,
  environmentAccountId: AccountId,
  roleArn: RoleArn | null,
  componentRoleArn: RoleArn | null,
  codebuildRoleArn: RoleArn | null,
  requestedAt: EpochMilliseconds,
  lastModifiedAt: EpochMilliseconds,
  tagsJson: string,
];

/**
 * A connection that a store has read. It parses the tags at first use only, because most responses are written without parsing them.
 * Requests share it. `tags` is a getter, so spreading or comparing own members misses it.
 */
export class StoredConnection implements Connection {
  readonly id: ConnectionId;
  readonly region: Region;
  readonly status: ConnectionStatus;
  readonly environmentName: string;
  readonly managementAccountId: AccountId;
  readonly environmentAccountId: AccountId;
  readonly roleArn: RoleArn | null;
  readonly componentRoleArn: RoleArn | null;
  readonly codebuildRoleArn: RoleArn | null;
  readonly requestedAt: EpochMilliseconds;
  readonly lastModifiedAt: EpochMilliseconds;
  /** The tags as the store keeps them: a JSON array of objects with `key` and `value`. */
  readonly tagsJson: string;
  /**
   * What a text of this connection was last made for, and the text if it is kept. For the code that makes it; it may be replaced.
   */
  rendering: { readonly plan: object; readonly text: string | undefined } | undefined = undefined;
  private parsedTags: readonly Tag[] | undefined = undefined;

  constructor(row: ConnectionValues) {
    // By index: destructuring an array runs its iterator.
    this.id = row[0];
    this.region = row[1];
    this.status = row[2];
    this.environmentName = row[3];
    this.managementAccountId = row[4];
    this.environmentAccountId = row[5];
    this.roleArn = row[6];
    this.componentRoleArn = row[7];
    this.codebuildRoleArn = row[8];
    this.requestedAt = row[9];
    this.lastModifiedAt = row[10];
    this.tagsJson = row[11];
  }

  /** @throws ZodError when `tagsJson` holds something else */
  get tags(): readonly Tag[] {
    return (this.parsedTags ??= parseTags(this.tagsJson));
  }
}

const NO_TAGS: readonly Tag[] = [];
const tagsSchema = z.array(z.object({ key: z.string(), value: z.string() }));

/** Parses the tags of a row. @throws ZodError when it holds something else */
export function parseTags(json: string): readonly Tag[] {
  return json === '[]' ? NO_TAGS : tagsSchema.parse(JSON.parse(json));
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
