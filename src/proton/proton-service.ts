import type { AccountListRequest, ListedAccount } from './accounts';
import type { ConnectionEvent, ConnectionView, Tag } from './connection';
import type { ConnectionAction } from './connection-actions';
import type { ConnectionListRequest, ConnectionSelection, Page, PageRequest } from './page';
import type { ConnectionReference, RoleArn } from './identifiers';
import type { ConnectionOverview, LongestPendingRequest, OverviewRequest } from './overview';
import type { StatusChangeSource } from './status-changes';
import type {
  ConnectionIdInput,
  CreateConnectionInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from './validation/inputs';
import type { Viewer } from './viewer';

/** A value, or a promise of it when reading takes longer than one turn of the event loop. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Continues with a value: at once, or when its promise resolves. */
export function whenDone<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Runs a call and replaces its failure, whether the call throws or its promise rejects. */
export function mapFailure<Returned>(call: () => Returned, replace: (failure: unknown) => unknown): Returned {
  const rethrow = (failure: unknown): never => {
    throw replace(failure);
  };
  let returned: Returned;
  try {
    returned = call();
  } catch (failure) {
    return rethrow(failure);
  }
  // A promise that keeps its value is of the same type.
  return returned instanceof Promise ? (returned.catch(rethrow) as Returned) : returned;
}

/** The port: everything the subgraph needs from a Proton control plane. The adapters are `control-plane` and `proton-sdk`. */
export interface ProtonService extends SessionSource<ConnectionView, SessionOptions>, StatusChangeSource {}

/** Opens sessions. An adapter may return more of each connection, and may take more options. */
export interface SessionSource<View extends ConnectionView, Options extends SessionOptions> {
  /** Opens a session that acts as one viewer. Every method of the session checks that viewer's permissions. */
  readonly session: (viewer: Viewer, options?: Options) => ProtonSession<View>;
}

export interface SessionOptions {
  /** Aborted when the client no longer waits for the response; the adapter may then cancel its calls. */
  readonly signal?: AbortSignal | undefined;
}

export interface HistoryRequest extends PageRequest {
  readonly connection: ConnectionView;
}

/**
 * In every method, connections that the viewer may not see look exactly like connections that do not exist. Methods reject with a
 * `ProtonFailure`; any other error is a bug or a broken environment. A method that returns a `MaybePromise` may also throw it.
 *
 * Reads take many requests, so that an adapter can batch them, and return the results in the same order. A request that fails
 * has its error as its result, without affecting the others.
 *
 * `View` is what the adapter returns of a connection. A new method is added here, in both adapters, and in `instrument-session`.
 */
export interface ProtonSession<View extends ConnectionView = ConnectionView> {
  /** Undefined if the viewer can see no such connection; an error if the adapter can't find out. */
  readonly findConnections: (
    references: readonly ConnectionReference[],
  ) => MaybePromise<readonly (View | undefined | Error)[]>;

  /** Newest request first. The result is a `VALIDATION_ERROR` for an invalid page size or cursor. */
  readonly listConnections: (
    requests: readonly ConnectionListRequest[],
  ) => MaybePromise<readonly (Page<View> | Error)[]>;

  /**
   * The tags of connections that this session returned. Null if the connection no longer exists.
   */
  readonly readTags: (
    connections: readonly ConnectionView[],
  ) => Promise<readonly (readonly Tag[] | null | Error)[]>;

  /** The CodeBuild roles of connections that this session returned. Null if no role is set or the connection no longer exists. */
  readonly readCodebuildRoles: (
    connections: readonly ConnectionView[],
  ) => Promise<readonly (RoleArn | null | Error)[]>;

  /** The number of connections in each selection. Null if the adapter can't count. */
  readonly countConnections: (
    selections: readonly ConnectionSelection[],
  ) => MaybePromise<readonly (number | null | Error)[]>;

  /** The events of a connection, newest first. Null if the adapter keeps no history. */
  readonly listHistory: (
    requests: readonly HistoryRequest[],
  ) => Promise<readonly (Page<ConnectionEvent> | null | Error)[]>;

  /** What the viewer may do with connections that this session returned; none with one that the viewer can't see. */
  readonly readActions: (
    connections: readonly ConnectionView[],
  ) => MaybePromise<readonly (readonly ConnectionAction[])[]>;

  /**
   * Counts and times of a selection. Null if the adapter can't compute them.
   * @throws ProtonFailure `VALIDATION_ERROR` for a number of weeks outside 1 to 104
   */
  readonly readOverview: (request: OverviewRequest) => MaybePromise<ConnectionOverview | null>;

  /**
   * The `PENDING` connections of a selection that have waited longest, longest first. Null if the adapter has no overviews. The result is
   * a `VALIDATION_ERROR` for an invalid number.
   */
  readonly listLongestPending: (
    requests: readonly LongestPendingRequest[],
  ) => MaybePromise<readonly (readonly View[] | null | Error)[]>;

  /**
   * The accounts that the viewer may read, in the order of their ids: those that the permissions name, and if they cover every account
   * also those that occur in connections. An adapter that can't look for these has the accounts that it has credentials for instead.
   * @throws ProtonFailure `VALIDATION_ERROR` for an invalid page size or cursor
   */
  readonly listAccounts: (request: AccountListRequest) => MaybePromise<Page<ListedAccount>>;

  /**
   * Requests a connection, as the environment account: the account that the input names, else the account of its roles, else the
   * viewer's own account, else the configured default. Needs `write` on it.
   * @throws ProtonFailure `VALIDATION_ERROR`, `ACCESS_DENIED`, `CONFLICT`, `QUOTA_EXCEEDED`
   */
  readonly createConnection: (input: CreateConnectionInput) => Promise<View>;

  /**
   * Sets the roles that the input names and keeps the others. Needs `write` on the environment account.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`, `CONFLICT` if the connection is rejected
   */
  readonly updateConnection: (input: UpdateConnectionInput) => Promise<View>;

  /**
   * Accepting a connected connection changes nothing. Needs `approve` on the management account.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`, `CONFLICT` if the connection is rejected
   */
  readonly acceptConnection: (input: ConnectionIdInput) => Promise<View>;

  /**
   * Rejects a pending connection, or a connected one. Rejecting a rejected one changes nothing. Needs `approve` on the management
   * account.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`
   */
  readonly rejectConnection: (input: ConnectionIdInput) => Promise<View>;

  /**
   * Returns the connection as it was before the deletion; undefined if it does not exist. Needs `write` on the environment account.
   * @throws ProtonFailure `VALIDATION_ERROR`, `ACCESS_DENIED`
   */
  readonly deleteConnection: (input: ConnectionIdInput) => Promise<View | undefined>;

  /**
   * Adds tags, and replaces the values of keys that exist. Needs `write` on the environment account.
   * @throws ProtonFailure `VALIDATION_ERROR`, also if the connection would have more than 50 tags; `NOT_FOUND`, `ACCESS_DENIED`
   */
  readonly tagConnection: (input: TagConnectionInput) => Promise<View>;

  /**
   * Removes tags by key and ignores keys that do not exist. Needs `write` on the environment account.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`
   */
  readonly untagConnection: (input: UntagConnectionInput) => Promise<View>;
}
