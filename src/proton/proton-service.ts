import type { ConnectionEvent, ConnectionView, Tag } from './connection';
import type { ConnectionListRequest, ConnectionSelection } from './connection-list';
import type { RoleArn } from './identifiers';
import type { Page, PageRequest } from './page';
import type {
  ConnectionIdInput,
  CreateConnectionInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from './validation/inputs';
import type { Viewer } from './viewer';

/** The port: everything the subgraph asks of a Proton control plane, whichever adapter stands behind it. */
export type ProtonService = SessionSource<ConnectionView, SessionOptions>;

/** Opens sessions. An adapter may return more of each connection, and may take more options. */
export interface SessionSource<View extends ConnectionView, Options extends SessionOptions> {
  /** Opens a session that acts as one viewer. Every method of the session checks that viewer's permissions. */
  readonly session: (viewer: Viewer, options?: Options) => ProtonSession<View>;
}

export interface SessionOptions {
  /** Aborted when nobody waits for the answers any more; calls that are under way may then be given up. */
  readonly signal?: AbortSignal | undefined;
}

/** Names a connection by its id, or by its ARN. What is neither names none. */
export type ConnectionReference = { readonly id: string } | { readonly arn: string };

export interface HistoryRequest extends PageRequest {
  readonly connection: ConnectionView;
}

/**
 * What a viewer may not see is treated, in every method, exactly as what does not exist. Methods reject with a `ProtonFailure`,
 * or with another error where something is broken.
 *
 * Reads take many questions at once and answer each at its place, so that an adapter can put them together; one that fails
 * answers with its error, and the others with their results.
 *
 * `Shown` is what the adapter carries of a connection at once.
 */
export interface ProtonSession<Shown extends ConnectionView = ConnectionView> {
  /** Answers undefined where the viewer sees no such connection, and with the failure where that can't be told. */
  readonly findConnections: (
    references: readonly ConnectionReference[],
  ) => Promise<readonly (Shown | undefined | Error)[]>;

  /** Newest request first. Fails with `VALIDATION_ERROR` for a page size or cursor that is none. */
  readonly listConnections: (
    requests: readonly ConnectionListRequest[],
  ) => Promise<readonly (Page<Shown> | Error)[]>;

  /**
   * The tags of connections that this session showed, at their places, whether they were left out or not. Null where there is
   * no such connection any more.
   */
  readonly readTags: (
    connections: readonly ConnectionView[],
  ) => Promise<readonly (readonly Tag[] | null | Error)[]>;

  /** Their roles for CodeBuild, likewise; null where there is none. */
  readonly readCodebuildRoles: (
    connections: readonly ConnectionView[],
  ) => Promise<readonly (RoleArn | null | Error)[]>;

  /** How many connections match. Null where the adapter can't count them. */
  readonly countConnections: (
    selections: readonly ConnectionSelection[],
  ) => Promise<readonly (number | null | Error)[]>;

  /** Newest first. Null where the adapter keeps no history. */
  readonly listHistory: (
    requests: readonly HistoryRequest[],
  ) => Promise<readonly (Page<ConnectionEvent> | null | Error)[]>;

  /**
   * Asks for a connection, as the environment account. That is the one named, else the account of the roles, else the viewer's
   * own, else the configured default.
   * @throws ProtonFailure `VALIDATION_ERROR`, `ACCESS_DENIED`, `CONFLICT`, `QUOTA_EXCEEDED`
   */
  readonly createConnection: (input: CreateConnectionInput) => Promise<Shown>;

  /**
   * Sets roles, as the environment account; those left out stay.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`, `CONFLICT` when it is rejected
   */
  readonly updateConnection: (input: UpdateConnectionInput) => Promise<Shown>;

  /**
   * As the management account. Accepting what is connected changes nothing.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`, `CONFLICT` when it is rejected
   */
  readonly acceptConnection: (input: ConnectionIdInput) => Promise<Shown>;

  /**
   * As the management account. A connected one is withdrawn by it; rejecting what is rejected changes nothing.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`
   */
  readonly rejectConnection: (input: ConnectionIdInput) => Promise<Shown>;

  /**
   * As the environment account. Answers the connection as it last was, or undefined when there is none to delete.
   * @throws ProtonFailure `VALIDATION_ERROR`, `ACCESS_DENIED`
   */
  readonly deleteConnection: (input: ConnectionIdInput) => Promise<Shown | undefined>;

  /**
   * As the environment account. A tag whose key is there takes the new value.
   * @throws ProtonFailure `VALIDATION_ERROR`, also for a fifty-first tag; `NOT_FOUND`, `ACCESS_DENIED`
   */
  readonly tagConnection: (input: TagConnectionInput) => Promise<Shown>;

  /**
   * As the environment account. A key that is not there is passed over.
   * @throws ProtonFailure `VALIDATION_ERROR`, `NOT_FOUND`, `ACCESS_DENIED`
   */
  readonly untagConnection: (input: UntagConnectionInput) => Promise<Shown>;
}
