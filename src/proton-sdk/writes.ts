import { randomUUID } from 'node:crypto';

import type { ConnectionRoles, ConnectionView } from '../proton/connection';
import { ProtonFailure } from '../proton/failure';
import { connectionArn, type AccountId, type ConnectionId, type Region } from '../proton/identifiers';
import {
  clientTokenUsed,
  liveConnectionExists,
  missingPermission,
  quotaReached,
  rejectedIsFinal,
} from '../proton/failure-messages';
import {
  parseId,
  parseTag,
  parseUntag,
  parseUpdate,
  type CreateConnectionRequest,
} from '../proton/validation/parse-inputs';
import type {
  ConnectionIdInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from '../proton/validation/inputs';
import { checkRolesFit } from '../proton/validation/roles';
import { TOO_MANY_TAGS } from '../proton/validation/tags';
import { Violations } from '../proton/validation/violations';
import { may } from '../proton/viewer';
import type { Place } from './transport/clients';
import type { Refusals } from './error-mapping';
import { findConnections } from './reads/find';
import { homeOf } from './session-scope';
import { takeIn, type Work } from './session-scope';

/**
 * The writes. Each finds its connection first, for whether the viewer may see it and who they must act as is decided on that, and
 * then acts with one call, which may be repeated: the SDK does so when an answer is lost. Proton keeps a creation from taking
 * place twice by its client token, and the others say what is to be and not what is to change.
 */

/** What a write must know besides. */
export interface WriteWork extends Work {
  /** The accounts that there are credentials for, whoever may read them. */
  readonly accounts: readonly AccountId[];
}

/** Asks for a connection; `request` has been judged. */
export async function createConnection(
  work: WriteWork,
  request: CreateConnectionRequest,
): Promise<ConnectionView> {
  const { environmentAccountId, region, managementAccountId, environmentName, tags, clientToken } = request;
  if (!may(work.viewer, 'write', environmentAccountId)) {
    throw missingPermission('Creating a connection', 'write', 'environment account', environmentAccountId);
  }
  const place = actingAs(work, environmentAccountId, region);
  const conflict = liveConnectionExists(request, undefined);
  try {
    const created = await work.calls.create(
      place,
      {
        managementAccountId,
        environmentName,
        ...given(request),
        ...(tags.length === 0 ? {} : { tags: tags.map(({ key, value }) => ({ key, value })) }),
        // One for all attempts, whoever makes them.
        clientToken: clientToken ?? randomUUID(),
      },
      {
        ConflictException: () => conflict,
        ServiceQuotaExceededException: () => quotaReached(request, undefined),
        ValidationException: (said) =>
          clientToken !== null && /token|idempoten/i.test(said)
            ? clientTokenUsed()
            : ProtonFailure.invalid([{ path: [], message: REFUSED }]),
      },
    );
    return ownedBy(environmentAccountId, created, work);
  } catch (failure) {
    if (failure !== conflict) throw failure;
    throw liveConnectionExists(request, await liveConnection(work, request, place));
  }
}

/** Sets roles; those left out stay. */
export async function updateConnection(
  work: WriteWork,
  input: UpdateConnectionInput,
): Promise<ConnectionView> {
  const { id, ...roles } = parseUpdate(input);
  const connection = await toWrite(work, id, 'Updating');
  const violations = new Violations();
  checkRolesFit(violations, roles, connection);
  if (violations.any) throw violations.asFailure();
  const place = actingAs(work, connection.environmentAccountId, connection.region);
  const updated = await work.calls.update(
    place,
    { id, ...given(roles) },
    { ...gone(id), ConflictException: conflictWith(connection, 'updated') },
  );
  return ownedBy(connection.environmentAccountId, updated, work);
}

export async function acceptConnection(work: WriteWork, input: ConnectionIdInput): Promise<ConnectionView> {
  const id = parseId(input);
  const connection = await toApprove(work, id, 'Accepting');
  const place = actingAs(work, connection.managementAccountId, connection.region);
  return work.calls.accept(place, id, {
    ...gone(id),
    ConflictException: conflictWith(connection, 'accepted'),
  });
}

export async function rejectConnection(work: WriteWork, input: ConnectionIdInput): Promise<ConnectionView> {
  const id = parseId(input);
  const connection = await toApprove(work, id, 'Rejecting');
  const place = actingAs(work, connection.managementAccountId, connection.region);
  return work.calls.reject(place, id, {
    ...gone(id),
    ConflictException: conflictWith(connection, 'rejected'),
  });
}

/** Answers the connection as it last was, which is as it was found: a repeated deletion answers without one. */
export async function deleteConnection(
  work: WriteWork,
  input: ConnectionIdInput,
): Promise<ConnectionView | undefined> {
  const id = parseId(input);
  const connection = await find(work, id);
  if (!connection) return undefined;
  mayWrite(work, connection, 'Deleting');
  await work.calls.delete(actingAs(work, connection.environmentAccountId, connection.region), id);
  work.homes.delete(id);
  return connection;
}

export async function tagConnection(work: WriteWork, input: TagConnectionInput): Promise<ConnectionView> {
  const { id, tags } = parseTag(input);
  const connection = await toWrite(work, id, 'Tagging');
  const place = actingAs(work, connection.environmentAccountId, connection.region);
  await work.calls.tag(place, connectionArn(connection), tags, {
    ...gone(id),
    // Every rule for the tags themselves has been kept.
    ValidationException: () => ProtonFailure.invalid([{ path: ['tags'], message: TOO_MANY_TAGS }]),
  });
  return connection;
}

export async function untagConnection(work: WriteWork, input: UntagConnectionInput): Promise<ConnectionView> {
  const { id, tagKeys } = parseUntag(input);
  const connection = await toWrite(work, id, 'Untagging');
  const place = actingAs(work, connection.environmentAccountId, connection.region);
  await work.calls.untag(place, connectionArn(connection), [...tagKeys], gone(id));
  return connection;
}

const REFUSED = 'has something in it that Proton does not take';

async function find(work: WriteWork, id: ConnectionId): Promise<ConnectionView | undefined> {
  const [connection] = await findConnections(work, [{ id }]);
  if (connection instanceof Error) throw connection;
  return connection;
}

async function toWrite(work: WriteWork, id: ConnectionId, what: string): Promise<ConnectionView> {
  const connection = await find(work, id);
  if (!connection) throw ProtonFailure.notFound(id);
  mayWrite(work, connection, what);
  return connection;
}

function mayWrite({ viewer }: WriteWork, { environmentAccountId }: ConnectionView, what: string): void {
  if (may(viewer, 'write', environmentAccountId)) return;
  throw missingPermission(`${what} a connection`, 'write', 'environment account', environmentAccountId);
}

async function toApprove(work: WriteWork, id: ConnectionId, what: string): Promise<ConnectionView> {
  const connection = await find(work, id);
  if (!connection) throw ProtonFailure.notFound(id);
  const { managementAccountId } = connection;
  if (may(work.viewer, 'approve', managementAccountId)) return connection;
  throw missingPermission(`${what} a connection`, 'approve', 'management account', managementAccountId);
}

/** @throws ProtonFailure `ACCESS_DENIED` where there are no credentials for the account */
function actingAs({ accounts }: WriteWork, accountId: AccountId, region: Region): Place {
  if (accounts.includes(accountId)) return { accountId, region };
  throw ProtonFailure.accessDenied(
    `This takes acting as the account ${accountId}, for which this service has no credentials.`,
  );
}

/** The roles that are given, for Proton takes no null. */
function given({ roleArn, componentRoleArn, codebuildRoleArn }: ConnectionRoles) {
  return {
    ...(roleArn === null ? {} : { roleArn }),
    ...(componentRoleArn === null ? {} : { componentRoleArn }),
    ...(codebuildRoleArn === null ? {} : { codebuildRoleArn }),
  };
}

/** @throws Error when the credentials that it was made with are another account's */
function ownedBy(accountId: AccountId, connection: ConnectionView, work: WriteWork): ConnectionView {
  if (connection.environmentAccountId !== accountId) {
    throw new Error(
      `acting as the account ${accountId}, Proton answered with a connection of ${connection.environmentAccountId}: ` +
        "these are not that account's credentials",
    );
  }
  work.homes.set(connection.id, homeOf(connection));
  return connection;
}

function gone(id: ConnectionId): Refusals {
  return { ResourceNotFoundException: () => ProtonFailure.notFound(id) };
}

function conflictWith({ id, status }: ConnectionView, participle: string): () => ProtonFailure {
  return () =>
    status === 'REJECTED'
      ? rejectedIsFinal(id, participle)
      : ProtonFailure.conflict(`The connection ${id} is in no state to be ${participle}. Look at it again.`);
}

/** The connection that stands in the way of a new one. The viewer may write to its environment account, and so may see it. */
async function liveConnection(
  work: WriteWork,
  { environmentName, managementAccountId }: CreateConnectionRequest,
  place: Place,
): Promise<ConnectionView | undefined> {
  const source = {
    ...place,
    role: 'ENVIRONMENT_ACCOUNT',
    environmentName,
    statuses: ['PENDING', 'CONNECTED'],
  } as const;
  try {
    const { items } = await work.calls.list(source, { maxResults: 100, nextToken: undefined });
    return items
      .map((connection) => takeIn(work, place, connection))
      .find((connection) => connection?.managementAccountId === managementAccountId);
  } catch (failure) {
    // Which one it is would be good to know; that there is one is known without.
    if (failure instanceof ProtonFailure) return undefined;
    throw failure;
  }
}
