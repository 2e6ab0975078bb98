import type { Connection, ConnectionEvent, ConnectionIdentity } from '../proton/connection';
import type { ConnectionPosition, NormalizedSelection } from '../proton/connection-list';
import type { ProtonFailure } from '../proton/failure';
import type { AccountId, ConnectionId, Region } from '../proton/identifiers';

/**
 * What the control plane asks of a database. Asynchronous, and in batches throughout: one call is one round trip, whatever the
 * number of questions in it. A store knows rows and transactions; what may be done to a connection it is told, by `decide`.
 */
export interface ConnectionStore {
  /** The connections that exist among these ids and are visible, in any order, each once. */
  readonly findConnections: (
    ids: readonly ConnectionId[],
    visibleTo: Visibility,
  ) => Promise<readonly Connection[]>;
  /** Each query's rows, newest request first. Stops, and rejects with the signal's reason, when that is aborted. */
  readonly listConnections: (
    queries: readonly ListQuery[],
    options?: ReadOptions,
  ) => Promise<readonly (readonly Connection[])[]>;
  readonly countConnections: (queries: readonly CountQuery[]) => Promise<readonly number[]>;
  /** Each query's events, newest first; null where `before` is no event of the connection. */
  readonly listEvents: (
    queries: readonly EventQuery[],
  ) => Promise<readonly (readonly ConnectionEvent[] | null)[]>;
  /**
   * Carries out the writes in their order and answers each at its place. All that changed is durable when this resolves, in one
   * commit; a write that fails leaves the others as they are. Rejects, with nothing acknowledged, when there is no commit.
   * @param waitedMs for how long the first of them has waited to be written; it counts towards the wait for a lock
   */
  readonly write: (writes: readonly Write[], waitedMs?: number) => Promise<readonly WriteAnswer[]>;
  /** Gives everything back; what was acknowledged stays. */
  readonly close: () => Promise<void>;
}

export interface ReadOptions {
  /** Aborted when no one waits for the rows any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Rows that concern at least one of these accounts, or all rows. */
export type Visibility = 'every' | readonly AccountId[];

export interface CountQuery {
  readonly selection: NormalizedSelection;
  readonly visibleTo: Visibility;
}

export interface ListQuery extends CountQuery {
  readonly after: ConnectionPosition | undefined;
  readonly limit: number;
}

export interface EventQuery {
  readonly connectionId: ConnectionId;
  /** The id of the event that others must be written before; undefined for all. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** A write names what it must see and decides, on that alone and without waiting, what becomes of it. */
export type Write = CreateWrite | ChangeWrite;

export interface CreateWrite {
  readonly kind: 'create';
  /** What makes two live connections the same request. */
  readonly identity: ConnectionIdentity;
  readonly clientToken: ClientToken | null;
  readonly decide: (seen: CreateFacts) => Decision;
}

export interface ChangeWrite {
  readonly kind: 'change';
  readonly id: ConnectionId;
  /** What is not visible is not there to be changed. */
  readonly visibleTo: Visibility;
  readonly decide: (current: Connection | undefined) => Decision;
}

/** A caller's token, whose scope is the environment account and the Region. */
export interface ClientToken {
  readonly environmentAccountId: AccountId;
  readonly region: Region;
  readonly token: string;
  /** Records made at this instant or before it have expired. */
  readonly expiredAt: number;
}

/** What a create must know of the store, as it is within its transaction. */
export interface CreateFacts {
  /** The connection that this token made, if the token is alive. */
  readonly earlier: { readonly connection: Connection; readonly fingerprint: string } | undefined;
  /** The connection of the same identity that is `PENDING` or `CONNECTED`. */
  readonly live: Connection | undefined;
  /** Connections of the environment account in the Region, of every status. */
  readonly count: number;
}

/** What becomes of a write. An event goes with every change and with nothing else. */
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
  /** Of the parameters that the token came with. */
  readonly fingerprint: string;
  readonly createdAt: number;
}

/** `connection` as it is after the write, or as it last was when it was deleted; undefined where there was none. */
export type WriteAnswer = { readonly connection: Connection | undefined } | { readonly failure: unknown };

/** Reads everything, to export it. */
export interface ExportStore {
  /**
   * Every connection as of one moment, newest request first, then by id. Reads row by row, as the caller iterates.
   * @throws ProtonFailure `UNAVAILABLE` when the store can't be read
   */
  readonly connections: () => Iterable<Connection>;
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
