import { randomUUID } from 'node:crypto';

import type { Connection, ConnectionView } from '../proton/connection';
import { type ConnectionSelection, invalidCursor, normalizeSelection, pageOf } from '../proton/page';
import {
  connectionIdOf,
  refersTo,
  type AccountId,
  type ConnectionId,
  type Region,
} from '../proton/identifiers';
import type { ProtonService, ProtonSession, SessionOptions } from '../proton/proton-service';
import { missingPermission } from '../proton/failure-messages';
import { parseCreate, parseId, parseTag, parseUntag, parseUpdate } from '../proton/validation/parse-inputs';
import { may, maySee, ownAccount, readableAccounts, type Viewer } from '../proton/viewer';
import { readBatch, historyQueryOf, listQueryOf } from './page-queries';
import { decideAccept, decideDelete, decideReject, decideUpdate } from './decisions/change';
import { CLIENT_TOKEN_LIFETIME_MS, decideCreate } from './decisions/create';
import type { DecisionContext } from './decisions/decision-context';
import { decideTag, decideUntag } from './decisions/tags';
import type { ConnectionStore, Decision } from './store';
import { createWriteQueue } from './write-queue';

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
}: ControlPlaneDependencies): EmbeddedProtonService {
  const queue = createWriteQueue(store);

  function session(viewer: Viewer, options: EmbeddedSessionOptions = {}): ProtonSession<Connection> {
    const { region: onlyRegion } = options;
    const sees = (connection: ConnectionView) =>
      maySee(viewer, connection) && (onlyRegion === undefined || connection.region === onlyRegion);
    const context: DecisionContext = { viewer, sees, now, newId };
    const visibleTo = readableAccounts(viewer);

    async function change(
      id: ConnectionId,
      decide: (current: Connection | undefined) => Decision,
    ): Promise<Connection> {
      const connection = await queue.put({ kind: 'change', id, visibleTo, decide });
      if (!connection) throw new Error('a change succeeded without a connection');
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
        readBatch(
          requests,
          (request) => listQueryOf(inRegion(onlyRegion, request), visibleTo),
          // Not destructured: the getter of `signal` creates it at first use.
          (plans) =>
            store.listConnections(
              plans.map(({ query }) => query),
              options,
            ),
          (connections, { page, cursors }) => pageOf(connections, page, cursors),
        ),

      // Rows of this store are complete, so there is nothing to read.
      readTags: (connections) => Promise.resolve(connections.map(({ tags }) => tags ?? null)),

      readCodebuildRoles: (connections) =>
        Promise.resolve(connections.map(({ codebuildRoleArn }) => codebuildRoleArn ?? null)),

      countConnections: (selections) =>
        store.countConnections(
          selections.map((selection) => ({
            selection: normalizeSelection(inRegion(onlyRegion, selection)),
            visibleTo,
          })),
          options,
        ),

      listHistory: (requests) =>
        readBatch(
          requests,
          (request) => historyQueryOf(request, sees(request.connection)),
          (plans) => store.listEvents(plans.map(({ query }) => query)),
          (events, { page, cursors }) => (events ? pageOf(events, page, cursors) : invalidCursor()),
        ),

      async createConnection(input) {
        const request = parseCreate(input, {
          region: onlyRegion ?? settings.defaultRegion,
          environmentAccountId: ownAccount(viewer) ?? settings.defaultAccountId,
        });
        const { environmentAccountId, region } = request;
        // Checked before the store is read: without the permission, its content must not influence the error.
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
          decide: decideCreate(context, request, clientToken, settings.connectionQuota),
        });
        if (!connection) throw new Error('a create succeeded without a connection');
        return connection;
      },

      async updateConnection(input) {
        const request = parseUpdate(input);
        return change(request.id, decideUpdate(context, request));
      },

      async acceptConnection(input) {
        const id = parseId(input);
        return change(id, decideAccept(context, id));
      },

      async rejectConnection(input) {
        const id = parseId(input);
        return change(id, decideReject(context, id));
      },

      async deleteConnection(input) {
        const id = parseId(input);
        return queue.put({ kind: 'change', id, visibleTo, decide: decideDelete(context, id) });
      },

      async tagConnection(input) {
        const { id, tags } = parseTag(input);
        return change(id, decideTag(context, id, tags));
      },

      async untagConnection(input) {
        const { id, tagKeys } = parseUntag(input);
        return change(id, decideUntag(context, id, tagKeys));
      },
    };
  }

  return { session, drained: queue.drained };
}

/** Narrows a selection to one Region; undefined does not narrow. */
function inRegion<Selection extends ConnectionSelection>(
  region: Region | undefined,
  selection: Selection,
): Selection {
  return region === undefined ? selection : { ...selection, filter: { ...selection.filter, region } };
}
