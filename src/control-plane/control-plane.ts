import { randomUUID } from 'node:crypto';

import type { Connection, ConnectionView } from '../proton/connection';
import { normalizeSelection, type ConnectionSelection } from '../proton/connection-list';
import {
  connectionIdOf,
  refersTo,
  type AccountId,
  type ConnectionId,
  type Region,
} from '../proton/identifiers';
import { invalidCursor, pageOf } from '../proton/page';
import type { ProtonService, ProtonSession, SessionOptions } from '../proton/proton-service';
import { missingPermission } from '../proton/failure-messages';
import { parseCreate, parseId, parseTag, parseUntag, parseUpdate } from '../proton/validation/parse-inputs';
import { may, maySee, ownAccount, readableAccounts, type Viewer } from '../proton/viewer';
import { answerEach, historyQueryOf, listQueryOf } from './page-queries';
import { decideAccept, decideDelete, decideReject, decideUpdate } from './decisions/change';
import { CLIENT_TOKEN_LIFETIME_MS, decideCreate } from './decisions/create';
import type { Author } from './decisions/decision-context';
import { decideTag, decideUntag } from './decisions/tags';
import type { ConnectionStore, Decision } from './store';
import { createWriteQueue } from './write-queue';

export interface ControlPlaneSettings {
  /** Where a connection lives whose creation names no Region. */
  readonly defaultRegion: Region;
  /** The environment account of a creation that points to none. */
  readonly defaultAccountId: AccountId | undefined;
  /** Connections that one environment account may have in one Region. */
  readonly connectionQuota: number;
}

export interface ControlPlaneParts {
  readonly store: ConnectionStore;
  readonly settings: ControlPlaneSettings;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Lower-case UUIDs. */
  readonly newId?: () => string;
}

export interface EmbeddedSessionOptions extends SessionOptions {
  /** Shuts the session up in one Region, as AWS credentials are by the scope of their signature. */
  readonly region?: Region | undefined;
}

export interface EmbeddedProtonService extends ProtonService {
  readonly session: (viewer: Viewer, options?: EmbeddedSessionOptions) => ProtonSession<Connection>;
  /** Waits for the writes that were taken on. The store is not closed by it. */
  readonly drained: () => Promise<void>;
}

/** The control plane in this process: Proton's rules and state machine over a store. */
export function createEmbeddedProtonService({
  store,
  settings,
  now = Date.now,
  newId = randomUUID,
}: ControlPlaneParts): EmbeddedProtonService {
  const queue = createWriteQueue(store);

  function session(viewer: Viewer, options: EmbeddedSessionOptions = {}): ProtonSession<Connection> {
    const { region: home } = options;
    const sees = (connection: ConnectionView) =>
      maySee(viewer, connection) && (home === undefined || connection.region === home);
    const author: Author = { viewer, sees, now, newId };
    const visibleTo = readableAccounts(viewer);

    async function change(
      id: ConnectionId,
      decide: (current: Connection | undefined) => Decision,
    ): Promise<Connection> {
      const connection = await queue.put({ kind: 'change', id, visibleTo, decide });
      if (!connection) throw new Error('a change that succeeded answered without a connection');
      return connection;
    }

    return {
      async findConnections(references) {
        const ids = references.map(connectionIdOf);
        const known = [...new Set(ids)].filter((id) => id !== undefined);
        const found = known.length === 0 ? [] : await store.findConnections(known, visibleTo);
        const byId = new Map(found.map((connection) => [connection.id, connection]));
        return references.map((reference, index) => {
          const id = ids[index];
          const connection = id === undefined ? undefined : byId.get(id);
          return connection && refersTo(reference, connection) && sees(connection) ? connection : undefined;
        });
      },

      listConnections: (requests) =>
        answerEach(
          requests,
          (request) => listQueryOf(within(home, request), visibleTo),
          // The options as they are: their signal is made when it is first asked for.
          (plans) =>
            store.listConnections(
              plans.map(({ query }) => query),
              options,
            ),
          (connections, { page, cursors }) => pageOf(connections, page, cursors),
        ),

      // A row carries everything, so there is nothing left to read of what this session showed.
      readTags: (connections) => Promise.resolve(connections.map(({ tags }) => tags ?? null)),

      readCodebuildRoles: (connections) =>
        Promise.resolve(connections.map(({ codebuildRoleArn }) => codebuildRoleArn ?? null)),

      countConnections: (selections) =>
        store.countConnections(
          selections.map((selection) => ({
            selection: normalizeSelection(within(home, selection)),
            visibleTo,
          })),
        ),

      listHistory: (requests) =>
        answerEach(
          requests,
          (request) => historyQueryOf(request, sees(request.connection)),
          (plans) => store.listEvents(plans.map(({ query }) => query)),
          (events, { page, cursors }) => (events ? pageOf(events, page, cursors) : invalidCursor()),
        ),

      async createConnection(input) {
        const request = parseCreate(input, {
          region: home ?? settings.defaultRegion,
          environmentAccountId: ownAccount(viewer) ?? settings.defaultAccountId,
        });
        const { environmentAccountId, region } = request;
        // Before the store is asked: what it holds concerns nobody who may not write there.
        if (!may(viewer, 'write', environmentAccountId)) {
          throw missingPermission(
            'Creating a connection',
            'write',
            'environment account',
            environmentAccountId,
          );
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
          decide: decideCreate(author, request, clientToken, settings.connectionQuota),
        });
        if (!connection) throw new Error('a creation that succeeded answered without a connection');
        return connection;
      },

      async updateConnection(input) {
        const request = parseUpdate(input);
        return change(request.id, decideUpdate(author, request));
      },

      async acceptConnection(input) {
        const id = parseId(input);
        return change(id, decideAccept(author, id));
      },

      async rejectConnection(input) {
        const id = parseId(input);
        return change(id, decideReject(author, id));
      },

      async deleteConnection(input) {
        const id = parseId(input);
        return queue.put({ kind: 'change', id, visibleTo, decide: decideDelete(author, id) });
      },

      async tagConnection(input) {
        const { id, tags } = parseTag(input);
        return change(id, decideTag(author, id, tags));
      },

      async untagConnection(input) {
        const { id, tagKeys } = parseUntag(input);
        return change(id, decideUntag(author, id, tagKeys));
      },
    };
  }

  return { session, drained: queue.drained };
}

/** Narrows a selection to the Region that the session is shut up in. */
function within<Selection extends ConnectionSelection>(
  region: Region | undefined,
  selection: Selection,
): Selection {
  return region === undefined ? selection : { ...selection, filter: { ...selection.filter, region } };
}
