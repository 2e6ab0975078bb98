import type { ConnectionEventType, ConnectionStatus } from '../../proton/connection';
import type { AccountId, ConnectionId, Region } from '../../proton/identifiers';

/** The rows of the tables that `migrations.ts` creates, but for connections. Timestamps are epoch milliseconds. */

export interface ConnectionEventRow {
  readonly sequence: number;
  readonly id: string;
  readonly connection_id: ConnectionId;
  readonly type: ConnectionEventType;
  readonly status: ConnectionStatus | null;
  readonly previous_status: ConnectionStatus | null;
  readonly actor: string;
  readonly occurred_at: number;
  /** See `snapshotOf`; null for events that are no status changes, and for those of earlier versions. */
  readonly snapshot: string | null;
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
