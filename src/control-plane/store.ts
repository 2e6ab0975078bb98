import type { AccountRange } from '../proton/accounts';
import type {
  Connection,
  ConnectionEvent,
  ConnectionIdentity,
  ConnectionStatus,
  StoredConnection,
} from '../proton/connection';
import type { ConnectionPosition, NormalizedSelection } from '../proton/page';
import type { ProtonFailure } from '../proton/failure';
import type { AccountId, ConnectionId, Region } from '../proton/identifiers';
import type { ConnectionOverview, OverviewPeriod } from '../proton/overview';
import type { MaybePromise } from '../proton/proton-service';
import type { Around } from '../telemetry/events';
import type { AccessKeyStore } from './access-keys/access-keys';
import type { ChangeFeed } from './change-feed';
import type { ImportStore } from './import/import-store';
import type { OutboundStore } from './outbound';

/**
 * The port between the control plane and a database. Every method takes a batch: one call is one round trip. A read that returns a
 * `MaybePromise` answers at once where the database is in the same process; then it throws its failure instead of rejecting. A store
 * knows rows and transactions; a write's `decide` knows the rules.
 */
export interface ConnectionStore {
  /** The visible connections with these ids, in any order, each once. */
  readonly findConnections: (
    ids: readonly ConnectionId[],
    visibleTo: Visibility,
  ) => MaybePromise<readonly StoredConnection[]>;
  /** Each query's rows in its order. When the signal aborts, reading stops and rejects with its reason. */
  readonly listConnections: (
    queries: readonly ListQuery[],
    options?: ReadOptions,
  ) => MaybePromise<readonly (readonly StoredConnection[])[]>;
  /** The number of each query's rows. When the signal aborts, counting stops and rejects with its reason. */
  readonly countConnections: (
    queries: readonly CountQuery[],
    options?: ReadOptions,
  ) => MaybePromise<readonly number[]>;
  /** Each query's events, newest first; null if `before` is not an event of the connection. */
  readonly listEvents: (
    queries: readonly EventQuery[],
  ) => Promise<readonly (readonly ConnectionEvent[] | null)[]>;
  /** When the signal aborts, reading stops and rejects with its reason. */
  readonly readOverview: (query: OverviewQuery, options?: ReadOptions) => MaybePromise<ConnectionOverview>;
  /** The first accounts in this range that occur in a connection, in either role. */
  readonly listAccounts: (range: AccountRange) => MaybePromise<readonly AccountId[]>;
  /** How many calls of `write` may run at a time. As many more may run with writes of one row each. */
  readonly concurrentWrites: number;
  /**
   * Runs the writes in order, in one transaction, and returns one result for each. All changes are durable when this resolves. A
   * write that fails does not affect the others. Rejects when the transaction can't be committed; then no write is acknowledged.
   * Calls that run at the same time should not have writes of the same row (`lockedRowOf`): they would wait for each other.
   * @param waitedMs how long the first write has already waited; it counts towards the lock timeout
   */
  readonly write: (writes: readonly Write[], waitedMs?: number) => Promise<readonly WriteResult[]>;
  readonly feed: ChangeFeed;
  /** Releases all resources. Acknowledged writes are kept. */
  readonly close: () => Promise<void>;
}

export interface ReadOptions {
  /** Aborted when the rows are not needed any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Rows with at least one of these accounts in either role, or all rows. */
export type Visibility = 'every' | readonly AccountId[];

export interface CountQuery {
  readonly selection: NormalizedSelection;
  readonly visibleTo: Visibility;
}

export interface ListQuery extends CountQuery {
  readonly after: ConnectionPosition | undefined;
  readonly limit: number;
  /** From the oldest request to the newest. Otherwise the newest comes first. */
  readonly oldestFirst?: boolean;
}

export interface OverviewQuery extends CountQuery {
  readonly period: OverviewPeriod;
}

export interface EventQuery {
  readonly connectionId: ConnectionId;
  /** Selects events that were written before the one with this id; undefined selects all. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** A write names the state that it depends on. `decide` receives that state, inside the transaction, and returns synchronously. */
export type Write = CreateWrite | ChangeWrite;

export interface CreateWrite {
  readonly kind: 'create';
  readonly identity: ConnectionIdentity;
  readonly clientToken: ClientToken | null;
  /** `CreateState.count` need not be greater. */
  readonly countUpTo: number;
  readonly decide: (state: CreateState) => Decision;
}

export interface ChangeWrite {
  readonly kind: 'change';
  readonly id: ConnectionId;
  /** A connection that is not visible is passed to `decide` as undefined. */
  readonly visibleTo: Visibility;
  readonly decide: (current: Connection | undefined) => Decision;
}

/**
 * The row that a write locks: the environment account in the Region of a create, which has the quota, or the connection of a change.
 * Writes of the same row wait for each other in the database.
 */
export function lockedRowOf(write: Write): string {
  if (write.kind === 'change') return write.id;
  const { environmentAccountId, region } = write.identity;
  return `${environmentAccountId}/${region}`;
}

/** A token that makes a create idempotent, within an environment account and a Region. */
export interface ClientToken {
  readonly environmentAccountId: AccountId;
  readonly region: Region;
  readonly token: string;
  /** Tokens recorded at this time or earlier have expired. */
  readonly expiredAt: number;
}

/** The state that a create depends on. */
export interface CreateState {
  /** The connection that was created with the same token, if the token has not expired. */
  readonly earlier: { readonly connection: Connection; readonly fingerprint: string } | undefined;
  /** The `PENDING` or `CONNECTED` connection with the same identity. */
  readonly live: Connection | undefined;
  /**
   * The number of connections of the environment account in the Region, of any status; at most `countUpTo`. A smaller one may be an
   * estimate that is too great.
   */
  readonly count: number;
}

/** The outcome of a write. Every change has an event. */
export type Decision =
  | { readonly kind: 'refuse'; readonly failure: ProtonFailure }
  | { readonly kind: 'keep'; readonly connection: Connection | undefined }
  | {
      readonly kind: 'insert';
      readonly connection: Connection;
      readonly event: ConnectionEvent;
      readonly clientToken: ClientTokenRecord | null;
    }
  | { readonly kind: 'replace'; readonly connection: Connection; readonly event: ConnectionEvent }
  | { readonly kind: 'delete'; readonly connection: Connection; readonly event: ConnectionEvent };

export interface ClientTokenRecord extends ClientToken {
  /** A hash of the parameters of the create. */
  readonly fingerprint: string;
  readonly createdAt: number;
}

/**
 * `connection` is the state after the write, or the last state of a deleted one; undefined if there was nothing to delete. `locked`
 * means that the write was not tried to its end, because another process has locked its row. It must be run in a call without writes
 * of other rows, which then waits for the lock.
 */
export type WriteResult =
  { readonly connection: Connection | undefined } | { readonly failure: unknown } | { readonly locked: true };

/** Reads everything, to export it. */
export interface ExportStore {
  /**
   * Every connection as of one moment, newest request first, then by id. Reads row by row, as the caller iterates.
   * @throws ProtonFailure `UNAVAILABLE` when the store can't be read
   */
  readonly connections: () => Iterable<Connection> | AsyncIterable<Connection>;
}

/** Everything that the control plane keeps. The adapters are `sqlite` and `postgres`. */
export interface Store extends ConnectionStore {
  readonly accessKeys: AccessKeyStore;
  readonly imports: ImportStore;
  readonly exports: ExportStore;
  readonly outbound: OutboundStore;
  /** Whether the store works. Any number of calls is cheap: the database is asked at most once a second. */
  readonly health: () => Promise<StoreHealth>;
  /** The number of connections of each status, of all accounts. Reads an index of the whole table. */
  readonly countByStatus: () => Promise<Readonly<Record<ConnectionStatus, number>>>;
  /** The sessions with a database server; undefined when there is none. */
  readonly pool: (() => PoolCounts) | undefined;
}

export interface PoolCounts {
  readonly size: number;
  readonly idle: number;
  /** Calls that wait for a session. */
  readonly waiting: number;
}

/** Whether a store works now: its rows can be read, its schema is this version's, and writes can be committed. */
export type StoreHealth =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** What is not ready: `migrations` when another version has changed the schema. */
      readonly part: 'store' | 'migrations';
      /** For the operator: what is wrong and how to fix it. It names no path, host or row. */
      readonly reason: string;
    };

/** The operation names that `around` receives. */
export const STORE_OPERATIONS = [
  'findConnections',
  'listConnections',
  'countConnections',
  'listEvents',
  'readOverview',
  'listAccounts',
  'write',
] as const satisfies readonly (keyof ConnectionStore)[];

/** Wraps a store: each read and write runs through `around`, under the method's name. */
export function observeStore(store: ConnectionStore, around: Around): ConnectionStore {
  return {
    findConnections: (...args) => around('findConnections', () => store.findConnections(...args)),
    listConnections: (...args) => around('listConnections', () => store.listConnections(...args)),
    countConnections: (...args) => around('countConnections', () => store.countConnections(...args)),
    listEvents: (...args) => around('listEvents', () => store.listEvents(...args)),
    readOverview: (...args) => around('readOverview', () => store.readOverview(...args)),
    listAccounts: (...args) => around('listAccounts', () => store.listAccounts(...args)),
    concurrentWrites: store.concurrentWrites,
    write: (...args) => around('write', () => store.write(...args)),
    feed: store.feed,
    close: store.close,
  };
}
