import { randomUUID } from 'node:crypto';

import { planAccountList, type AccountListRequest } from '../proton/accounts';
import type { Connection, ConnectionView } from '../proton/connection';
import { actionsOn } from '../proton/connection-actions';
import { overviewPeriod, type LongestPendingRequest, type OverviewRequest } from '../proton/overview';
import {
  type ConnectionListRequest,
  type ConnectionSelection,
  invalidCursor,
  normalizeSelection,
  pageOf,
} from '../proton/page';
import {
  connectionIdOf,
  refersTo,
  type AccountId,
  type ConnectionId,
  type ConnectionReference,
  type Region,
} from '../proton/identifiers';
import {
  whenDone,
  type HistoryRequest,
  type ProtonService,
  type ProtonSession,
  type SessionOptions,
} from '../proton/proton-service';
import { missingPermission } from '../proton/failure-messages';
import type {
  ConnectionIdInput,
  CreateConnectionInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from '../proton/validation/inputs';
import { parseCreate, parseId, parseTag, parseUntag, parseUpdate } from '../proton/validation/parse-inputs';
import { may, maySee, namedAccounts, ownAccount, readableAccounts, type Viewer } from '../proton/viewer';
import { historyQueryOf, listQueryOf, longestPendingQueryOf, readBatch } from './page-queries';
import { decideAccept, decideDelete, decideReject, decideUpdate } from './decisions/change';
import { CLIENT_TOKEN_LIFETIME_MS, decideCreate } from './decisions/create';
import type { DecisionContext } from './decisions/decision-context';
import { decideTag, decideUntag } from './decisions/tags';
import { statusChangesOn } from './status-changes';
import type { ChangeWrite, ConnectionStore, Visibility } from './store';
import { createWriteQueue, type WriteQueue } from './write-queue';

export interface ControlPlaneSettings {
  /** The Region of a connection that is created without one. */
  readonly defaultRegion: Region;
  /** The environment account of a connection that is created without one. */
  readonly defaultAccountId: AccountId | undefined;
  /** Connections that one environment account may have in one Region. */
  readonly connectionQuota: number;
}

export interface ControlPlaneDependencies {
  readonly store: ConnectionStore;
  readonly settings: ControlPlaneSettings;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Returns lower-case UUIDs. */
  readonly newId?: () => string;
  /** Receives unexpected errors of work that no call waits for. */
  readonly reportFault?: (error: unknown) => void;
}

export interface EmbeddedSessionOptions extends SessionOptions {
  /** Limits the session to one Region, like the scope of an AWS signature. */
  readonly region?: Region | undefined;
}

export interface EmbeddedProtonService extends ProtonService {
  readonly session: (viewer: Viewer, options?: EmbeddedSessionOptions) => ProtonSession<Connection>;
  /** Resolves when all accepted writes have ended. It does not close the store. */
  readonly drained: () => Promise<void>;
}

/** Creates the control plane in this process: Proton's rules and state machine over a store. */
export function createEmbeddedProtonService({
  store,
  settings,
  now = Date.now,
  newId = randomUUID,
  reportFault = () => undefined,
}: ControlPlaneDependencies): EmbeddedProtonService {
  const queue = createWriteQueue(store);
  const plane: Plane = { store, settings, now, newId, queue };
  return {
    ...statusChangesOn(store.feed, reportFault),
    session: (viewer, options = {}) => new EmbeddedSession(plane, viewer, options),
    drained: queue.drained,
  };
}

/** What all sessions share. */
interface Plane extends Required<Omit<ControlPlaneDependencies, 'reportFault'>> {
  readonly queue: WriteQueue;
}

/** A class: one is created per request, and an object literal with thirteen closures costs more. */
class EmbeddedSession implements ProtonSession<Connection> {
  private readonly visibleTo: Visibility;

  constructor(
    private readonly plane: Plane,
    private readonly viewer: Viewer,
    // Not destructured: the getter of `signal` creates it at first use.
    private readonly options: EmbeddedSessionOptions,
  ) {
    this.visibleTo = readableAccounts(viewer);
  }

  findConnections(references: readonly ConnectionReference[]) {
    const byId = new Map<ConnectionId, Connection | undefined>();
    const ids = references.map((reference) => {
      const id = connectionIdOf(reference);
      if (id !== undefined) byId.set(id, undefined);
      return id;
    });
    const found = byId.size === 0 ? [] : this.plane.store.findConnections([...byId.keys()], this.visibleTo);
    return whenDone(found, (connections) => {
      for (const connection of connections) byId.set(connection.id, connection);
      return references.map((reference, index) => {
        const id = ids[index];
        const connection = id === undefined ? undefined : byId.get(id);
        return connection && refersTo(reference, connection) && this.sees(connection)
          ? connection
          : undefined;
      });
    });
  }

  listConnections(requests: readonly ConnectionListRequest[]) {
    return readBatch(
      requests,
      (request) => listQueryOf(this.inRegion(request), this.visibleTo),
      (plans) =>
        this.plane.store.listConnections(
          plans.map(({ query }) => query),
          this.options,
        ),
      (connections, { page, cursors }) => pageOf(connections, page, cursors),
    );
  }

  // Rows of this store are complete, so there is nothing to read.
  readTags(connections: readonly ConnectionView[]) {
    return Promise.resolve(connections.map(({ tags }) => tags ?? null));
  }

  readCodebuildRoles(connections: readonly ConnectionView[]) {
    return Promise.resolve(connections.map(({ codebuildRoleArn }) => codebuildRoleArn ?? null));
  }

  countConnections(selections: readonly ConnectionSelection[]) {
    return this.plane.store.countConnections(
      selections.map((selection) => ({
        selection: normalizeSelection(this.inRegion(selection)),
        visibleTo: this.visibleTo,
      })),
      this.options,
    );
  }

  async listHistory(requests: readonly HistoryRequest[]) {
    return readBatch(
      requests,
      (request) => historyQueryOf(request, this.sees(request.connection)),
      (plans) => this.plane.store.listEvents(plans.map(({ query }) => query)),
      (events, { page, cursors }) => (events ? pageOf(events, page, cursors) : invalidCursor()),
    );
  }

  readActions(connections: readonly ConnectionView[]) {
    return connections.map((connection) => (this.sees(connection) ? actionsOn(this.viewer, connection) : []));
  }

  readOverview(request: OverviewRequest) {
    const { store, now } = this.plane;
    return store.readOverview(
      {
        selection: normalizeSelection(this.inRegion(request)),
        visibleTo: this.visibleTo,
        period: overviewPeriod(request.weeks, now()),
      },
      this.options,
    );
  }

  listLongestPending(requests: readonly LongestPendingRequest[]) {
    return readBatch(
      requests,
      (request) => longestPendingQueryOf(this.inRegion(request), this.visibleTo),
      (queries) => this.plane.store.listConnections(queries, this.options),
      (connections) => connections,
      [],
    );
  }

  // Not narrowed to the Region of the session: the sessions that have one, for AWS clients, do not list accounts.
  listAccounts(request: AccountListRequest) {
    const plan = planAccountList(request);
    const named = namedAccounts(this.viewer);
    if (this.visibleTo !== 'every' || !plan.range) return plan.pageOf(named);
    return whenDone(this.plane.store.listAccounts(plan.range), (inUse) => plan.pageOf([...named, ...inUse]));
  }

  async createConnection(input: CreateConnectionInput) {
    const { settings, now, queue } = this.plane;
    const request = parseCreate(input, {
      region: this.options.region ?? settings.defaultRegion,
      environmentAccountId: ownAccount(this.viewer) ?? settings.defaultAccountId,
    });
    const { environmentAccountId, region } = request;
    // Checked before the store is read: without the permission, its content must not influence the error.
    if (!may(this.viewer, 'write', environmentAccountId)) {
      throw missingPermission('Creating a connection', 'write', 'environment account', environmentAccountId);
    }
    const clientToken =
      request.clientToken === null
        ? null
        : {
            environmentAccountId,
            region,
            token: request.clientToken,
            expiredAt: now() - CLIENT_TOKEN_LIFETIME_MS,
          };
    const connection = await queue.put({
      kind: 'create',
      identity: request,
      clientToken,
      countUpTo: settings.connectionQuota,
      decide: decideCreate(this.context, request, clientToken, settings.connectionQuota),
    });
    if (!connection) throw new Error('a create succeeded without a connection');
    return connection;
  }

  async updateConnection(input: UpdateConnectionInput) {
    const request = parseUpdate(input);
    return this.change(request.id, decideUpdate(this.context, request));
  }

  async acceptConnection(input: ConnectionIdInput) {
    const id = parseId(input);
    return this.change(id, decideAccept(this.context, id));
  }

  async rejectConnection(input: ConnectionIdInput) {
    const id = parseId(input);
    return this.change(id, decideReject(this.context, id));
  }

  async deleteConnection(input: ConnectionIdInput) {
    const id = parseId(input);
    return this.put(id, decideDelete(this.context, id));
  }

  async tagConnection(input: TagConnectionInput) {
    const { id, tags } = parseTag(input);
    return this.change(id, decideTag(this.context, id, tags));
  }

  async untagConnection(input: UntagConnectionInput) {
    const { id, tagKeys } = parseUntag(input);
    return this.change(id, decideUntag(this.context, id, tagKeys));
  }

  private get context(): DecisionContext {
    const { now, newId } = this.plane;
    return { viewer: this.viewer, sees: (connection) => this.sees(connection), now, newId };
  }

  private sees(connection: ConnectionView): boolean {
    const { region } = this.options;
    return maySee(this.viewer, connection) && (region === undefined || connection.region === region);
  }

  /** Narrows a selection to the session's Region, if it has one. */
  private inRegion<Selection extends ConnectionSelection>(selection: Selection): Selection {
    const { region } = this.options;
    return region === undefined ? selection : { ...selection, filter: { ...selection.filter, region } };
  }

  private put(id: ConnectionId, decide: ChangeWrite['decide']): Promise<Connection | undefined> {
    return this.plane.queue.put({ kind: 'change', id, visibleTo: this.visibleTo, decide });
  }

  private async change(id: ConnectionId, decide: ChangeWrite['decide']): Promise<Connection> {
    const connection = await this.put(id, decide);
    if (!connection) throw new Error('a change succeeded without a connection');
    return connection;
  }
}
