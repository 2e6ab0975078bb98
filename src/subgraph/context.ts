import DataLoader from 'dataloader';

import type { AccountListRequest, ListedAccount } from '../proton/accounts';
import type { ConnectionEvent, ConnectionView, Tag } from '../proton/connection';
import type { ConnectionListRequest, ConnectionSelection, Page } from '../proton/page';
import type { ConnectionAction } from '../proton/connection-actions';
import type { ConnectionReference, Region, RoleArn } from '../proton/identifiers';
import type { LongestPendingRequest } from '../proton/overview';
import { instrumentSession } from '../proton/instrument-session';
import type { HistoryRequest, ProtonService, ProtonSession, SessionOptions } from '../proton/proton-service';
import type { TrustPolicyDefaults } from '../proton/trust-policy/request';
import type { Viewer } from '../proton/viewer';
import { Turns } from './turns';

interface Loader<Request, Result> {
  readonly load: (request: Request) => Promise<Result>;
}

/**
 * Batches the loads of one tick into one call on the session: an `_entities` query with a thousand representations is one read. Each
 * loader is created on first use, because most requests use one of them, or none.
 */
class Loaders {
  private readonly created: { -readonly [Name in keyof Loaders]?: Loaders[Name] } = {};
  private readonly turns = new Turns();

  constructor(private readonly session: ProtonSession) {}

  get connection(): Loader<ConnectionReference, ConnectionView | undefined> {
    // DataLoader needs promises, where a session may return values.
    return (this.created.connection ??= inTurns(
      this.turns,
      new DataLoader(async (references) => this.session.findConnections(references), {
        // Clients choose both texts, so the prefix keeps an id from matching a cached ARN.
        cacheKeyFn: (reference) => ('arn' in reference ? `arn ${reference.arn}` : `id ${reference.id}`),
      }),
      () => 1,
    ));
  }

  get connectionPage(): Loader<ConnectionListRequest, Page<ConnectionView>> {
    return (this.created.connectionPage ??= inTurns(
      this.turns,
      createUncachedLoader(
        async (requests: readonly ConnectionListRequest[]) => this.session.listConnections(requests),
        (request) => JSON.stringify(request),
      ),
      ({ items }) => items.length,
    ));
  }

  get tags(): Loader<ConnectionView, readonly Tag[] | null> {
    return (this.created.tags ??= createUncachedLoader(
      (connections: readonly ConnectionView[]) => this.session.readTags(connections),
      ({ id }) => id,
    ));
  }

  get codebuildRole(): Loader<ConnectionView, RoleArn | null> {
    return (this.created.codebuildRole ??= createUncachedLoader(
      (connections: readonly ConnectionView[]) => this.session.readCodebuildRoles(connections),
      ({ id }) => id,
    ));
  }

  get actions(): Loader<ConnectionView, readonly ConnectionAction[]> {
    return (this.created.actions ??= createUncachedLoader(
      async (connections: readonly ConnectionView[]) => this.session.readActions(connections),
      // A payload and a list of the same document may have the connection in different states.
      ({ id, status }) => `${id} ${status}`,
    ));
  }

  get connectionCount(): Loader<ConnectionSelection, number | null> {
    return (this.created.connectionCount ??= createUncachedLoader(
      async (selections: readonly ConnectionSelection[]) => this.session.countConnections(selections),
      (selection) => JSON.stringify(selection),
    ));
  }

  get longestPending(): Loader<LongestPendingRequest, readonly ConnectionView[] | null> {
    return (this.created.longestPending ??= inTurns(
      this.turns,
      createUncachedLoader(
        async (requests: readonly LongestPendingRequest[]) => this.session.listLongestPending(requests),
        (request) => JSON.stringify(request),
      ),
      (connections) => connections?.length ?? 0,
    ));
  }

  get history(): Loader<HistoryRequest, Page<ConnectionEvent> | null> {
    return (this.created.history ??= inTurns(
      this.turns,
      createUncachedLoader(
        (requests: readonly HistoryRequest[]) => this.session.listHistory(requests),
        ({ connection, first, after }) => JSON.stringify([connection.id, first, after]),
      ),
      (page) => page?.items.length ?? 0,
    ));
  }

  get accounts(): Loader<AccountListRequest, Page<ListedAccount>> {
    return (this.created.accounts ??= inTurns(
      this.turns,
      createUncachedLoader(
        async (requests: readonly AccountListRequest[]) => {
          // A session reads one of these lists at a time, and each may fail separately.
          const pages = await Promise.allSettled(
            requests.map(async (request) => this.session.listAccounts(request)),
          );
          return pages.map((page) => (page.status === 'fulfilled' ? page.value : (page.reason as Error)));
        },
        ({ idPrefix, first, after }) => JSON.stringify([idPrefix, first, after]),
      ),
      ({ items }) => items.length,
    ));
  }
}

/**
 * Creates a loader that deduplicates the requests of one tick and caches nothing after it: each mutation of a document may select the
 * list, and must get its current state.
 */
function createUncachedLoader<Request, Result>(
  read: (requests: readonly Request[]) => Promise<readonly (Result | Error)[]>,
  keyOf: (request: Request) => string,
): Loader<Request, Result> {
  const loader = new DataLoader<Request, Result, string>(
    (requests) => {
      loader.clearAll();
      return read(requests);
    },
    { cacheKeyFn: keyOf },
  );
  return loader;
}

/** @param objectsIn the objects that a result makes graphql-js resolve */
function inTurns<Request, Result>(
  turns: Turns,
  loader: Loader<Request, Result>,
  objectsIn: (result: Result) => number,
): Loader<Request, Result> {
  return {
    async load(request) {
      const result = await loader.load(request);
      await turns.take(objectsIn(result));
      return result;
    },
  };
}

/** The context of every resolver: the viewer's session with the service, and the loaders that batch its reads. */
export interface SubgraphContext {
  readonly session: ProtonSession;
  /** Who is asking. */
  readonly viewer: Viewer;
  /** For trust policies: what the configuration says and a request need not. */
  readonly trustPolicyDefaults: TrustPolicyDefaults;
  readonly loaders: Loaders;
  /** Logs the error behind a retryable failure. The payload does not show it. */
  readonly reportFault: (error: unknown) => void;
  /** Receives the code of a failure that a payload returns as data. */
  readonly noteFailure: (code: string) => void;
}

/** How a context learns that its request has ended, perhaps before the response is complete. */
export interface RequestEnd extends SessionOptions {
  /** Whether the request has ended. Checked before each call; a signal per request would cost more. */
  readonly isOver?: () => boolean;
}

/** What a request brings to its context. */
export type RequestScope = Pick<
  SubgraphContext,
  'session' | 'viewer' | 'trustPolicyDefaults' | 'reportFault'
>;

/** The context over one session. Loaders cache what they read, so a context must not be shared by requests. */
export class SessionContext implements SubgraphContext {
  readonly session: ProtonSession;
  readonly viewer: Viewer;
  readonly trustPolicyDefaults: TrustPolicyDefaults;
  readonly loaders: Loaders;

  constructor(
    { session, viewer, trustPolicyDefaults }: Omit<RequestScope, 'reportFault'>,
    readonly reportFault: (error: unknown) => void,
    readonly noteFailure: (code: string) => void = () => undefined,
  ) {
    this.session = session;
    this.viewer = viewer;
    this.trustPolicyDefaults = trustPolicyDefaults;
    this.loaders = new Loaders(session);
  }
}

/** Opens the session of one request. */
export function openSession(
  service: ProtonService,
  viewer: Viewer,
  requestEnd: RequestEnd = {},
): ProtonSession {
  return instrumentSession(service.session(viewer, requestEnd), requestEnd);
}

/** Creates the context of one request. */
export function createContext(
  service: ProtonService,
  viewer: Viewer,
  reportFault: (error: unknown) => void,
  requestEnd: RequestEnd = {},
  trustPolicyDefaults: TrustPolicyDefaults = DEFAULTS,
): SubgraphContext {
  const session = openSession(service, viewer, requestEnd);
  return new SessionContext({ session, viewer, trustPolicyDefaults }, reportFault);
}

const DEFAULTS: TrustPolicyDefaults = { region: 'us-east-1' as Region, provisionerRole: null };
