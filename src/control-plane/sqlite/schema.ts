import type { AccountRole, ConnectionEventType, ConnectionStatus } from '../../proton/connection';
import type { AccountId, ConnectionId, Region, RoleArn } from '../../proton/identifiers';

/** The rows of the tables that `migrations.ts` creates. Timestamps are epoch milliseconds. */

export interface ConnectionRow {
  readonly id: ConnectionId;
  readonly region: Region;
  readonly status: ConnectionStatus;
  readonly environment_name: string;
  readonly management_account_id: AccountId;
  readonly environment_account_id: AccountId;
  readonly role_arn: RoleArn | null;
  readonly component_role_arn: RoleArn | null;
  readonly codebuild_role_arn: RoleArn | null;
  readonly requested_at: number;
  readonly last_modified_at: number;
  /** A JSON array of `{ key, value }`. */
  readonly tags: string;
}

export interface ConnectionEventRow {
  readonly sequence: number;
  readonly id: string;
  readonly connection_id: ConnectionId;
  readonly type: ConnectionEventType;
  readonly status: ConnectionStatus | null;
  readonly previous_status: ConnectionStatus | null;
  readonly actor: string;
  readonly occurred_at: number;
}

export interface ClientTokenRow {
  readonly environment_account_id: AccountId;
  readonly region: Region;
  readonly token: string;
  readonly fingerprint: string;
  readonly connection_id: ConnectionId;
  readonly created_at: number;
}

export interface AccessKeyRow {
  readonly id: string;
  readonly account_id: AccountId;
  readonly sealed_secret: Buffer;
  readonly created_at: number;
  readonly revoked_at: number | null;
}

export const ACCOUNT_COLUMN = {
  MANAGEMENT_ACCOUNT: 'management_account_id',
  ENVIRONMENT_ACCOUNT: 'environment_account_id',
} as const satisfies Record<AccountRole, keyof ConnectionRow>;
