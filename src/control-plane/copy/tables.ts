import { createHash } from 'node:crypto';

/**
 * What `proton-subgraph copy` brings from one store to another: rows as arrays of these columns, in the order of their key, with bytes
 * in hexadecimal. Both databases sort keys by bytes, so both return the same rows in the same order.
 */
export interface CopyTable {
  readonly name: string;
  /** Each column with its type in PostgreSQL. */
  readonly columns: Readonly<Record<string, 'uuid' | 'text' | 'bigint' | 'integer' | 'bytea'>>;
  /** How many of the first columns are the key. */
  readonly keyColumns: number;
}

export type CopyValue = string | number | null;
export type CopyRow = readonly CopyValue[];

export const COPY_TABLES = [
  {
    name: 'connections',
    columns: {
      id: 'uuid',
      region: 'text',
      status: 'text',
      environment_name: 'text',
      management_account_id: 'text',
      environment_account_id: 'text',
      role_arn: 'text',
      component_role_arn: 'text',
      codebuild_role_arn: 'text',
      requested_at: 'bigint',
      last_modified_at: 'bigint',
      tags: 'text',
      version: 'bigint',
    },
    keyColumns: 1,
  },
  {
    name: 'connection_events',
    columns: {
      connection_id: 'uuid',
      version: 'bigint',
      id: 'uuid',
      type: 'text',
      status: 'text',
      previous_status: 'text',
      actor: 'text',
      occurred_at: 'bigint',
    },
    keyColumns: 2,
  },
  {
    name: 'client_tokens',
    columns: {
      environment_account_id: 'text',
      region: 'text',
      token: 'text',
      fingerprint: 'text',
      connection_id: 'uuid',
      created_at: 'bigint',
    },
    keyColumns: 3,
  },
  {
    name: 'access_keys',
    columns: {
      id: 'text',
      account_id: 'text',
      sealed_secret: 'bytea',
      created_at: 'bigint',
      revoked_at: 'bigint',
    },
    keyColumns: 1,
  },
  // One row, with which an encryption key is checked.
  { name: 'access_key_seal', columns: { id: 'integer', seal: 'bytea' }, keyColumns: 1 },
  // Without the position in the feed, which begins anew, and without claims and pauses of a destination that takes nothing.
  {
    name: 'event_destinations',
    columns: {
      name: 'text',
      transport: 'text',
      paused_at: 'bigint',
      paused_reason: 'text',
      delivered_at: 'bigint',
      dropped: 'bigint',
    },
    keyColumns: 1,
  },
  {
    name: 'outbound_events',
    columns: {
      destination: 'text',
      connection_id: 'uuid',
      version: 'bigint',
      message: 'text',
      queued_at: 'bigint',
    },
    keyColumns: 3,
  },
  {
    name: 'outbound_connections',
    columns: {
      destination: 'text',
      connection_id: 'uuid',
      next_version: 'bigint',
      due_at: 'bigint',
      failures: 'integer',
    },
    keyColumns: 2,
  },
] as const satisfies readonly CopyTable[];

export type CopyTableName = (typeof COPY_TABLES)[number]['name'];

/** The store that rows are read from, as of one moment. */
export interface CopySource {
  /** Differs when the store has changed: each change of a connection has an event, and the others change these counts and times. */
  readonly fingerprint: string;
  readonly count: (table: CopyTableName) => number;
  /** The changes that a server has not queued yet for destinations of events. They are in no table that is copied. */
  readonly notQueued: () => number;
  /** The rows whose key is greater than `after`, in the order of their key. */
  readonly rows: (table: CopyTableName, after: CopyRow | undefined) => Iterable<CopyRow>;
  readonly close: () => void;
}

/** The store that rows are written to. It notes how far it is in the transaction that writes them. */
export interface CopyTarget {
  /**
   * Begins or resumes a copy. When the source has changed since an interrupted copy, the rows which that one brought are deleted.
   * @returns `verified` when `finish` was called before: then all rows are there
   * @throws CopyRefused when the store has rows that no copy brought, or a verified copy of a source that has changed since
   */
  readonly begin: (fingerprint: string) => Promise<'new' | 'resumed' | 'restarted' | 'verified'>;
  readonly progress: (table: CopyTableName) => CopyProgress;
  /** Writes the next rows, all or none. @throws CopyRefused when another process copies into the store */
  readonly add: (table: CopyTableName, rows: readonly CopyRow[]) => Promise<void>;
  /** All rows, in the order of their key. */
  readonly rows: (table: CopyTableName) => AsyncIterable<CopyRow>;
  /** Notes that the rows are those of the source, so that no copy deletes them, and lets the database look at them for its plans. */
  readonly finish: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface CopyProgress {
  readonly copied: number;
  /** The key of the last row. */
  readonly after: CopyRow | undefined;
}

/** A copy would mix its rows with others. Nothing was changed. */
export class CopyRefused extends Error {
  override readonly name = 'CopyRefused';
}

export interface TableSummary {
  readonly rows: number;
  /** SHA-256 of the rows, in the order of their key. */
  readonly checksum: string;
}

/** Counts rows and calculates their checksum. Both tables must be read in the same order. */
export async function summaryOf(
  rows: Iterable<CopyRow> | AsyncIterable<CopyRow>,
  onRows: (count: number) => Promise<void> | void = () => undefined,
): Promise<TableSummary> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const row of rows) {
    hash.update(JSON.stringify(row)).update('\n');
    count += 1;
    if (count % ROWS_BETWEEN_PAUSES === 0) await onRows(ROWS_BETWEEN_PAUSES);
  }
  await onRows(count % ROWS_BETWEEN_PAUSES);
  return { rows: count, checksum: hash.digest('hex') };
}

const ROWS_BETWEEN_PAUSES = 5_000;
