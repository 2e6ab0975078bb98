import { createHash } from 'node:crypto';

import {
  ROLE_MEMBERS,
  type Connection,
  type ConnectionEvent,
  type ConnectionEventType,
  type ConnectionStatus,
  type EpochMilliseconds,
  type Tag,
} from '../connection';
import { ProtonFailure } from '../failure';
import type { AccountId, ConnectionId } from '../identifiers';
import { checkRolesFit, type CreateConnectionRequest, type UpdateConnectionRequest } from '../rules/inputs';
import { MOST_TAGS, TOO_MANY_TAGS } from '../rules/tags';
import { Violations } from '../rules/violations';
import { may, maySee, type Permission, type Viewer } from '../viewer';
import type { ClientToken, CreateFacts, Decision } from './store';

/**
 * What becomes of a write, decided on what the store holds at that moment and on nothing else. Pure but for the clock and the
 * ids, which come in. The order of the checks is Proton's: may the viewer see it, is it the right account, does its state allow it.
 */

/** For how long a client token stands for the call it came with. From Proton's documentation: 8 hours. */
export const CLIENT_TOKEN_LIFETIME_MS = 8 * 60 * 60 * 1000;

/** Who writes, and what the machine needs from outside. */
export interface Author {
  readonly viewer: Viewer;
  readonly now: () => EpochMilliseconds;
  readonly newId: () => string;
}

type Refusal = Extract<Decision, { kind: 'refuse' }>;

/** @param quota connections that one environment account may have in one Region, of every status */
export function decideCreate(
  author: Author,
  request: CreateConnectionRequest,
  clientToken: ClientToken | null,
  quota: number,
) {
  return ({ earlier, live, count }: CreateFacts): Decision => {
    const { viewer, now, newId } = author;
    const { environmentAccountId, managementAccountId, environmentName, region } = request;
    if (!may(viewer, 'write', environmentAccountId)) {
      return denied('Creating a connection', 'write', 'environment account', environmentAccountId);
    }
    const fingerprint = fingerprintOf(request);
    if (earlier) {
      return earlier.fingerprint === fingerprint
        ? { kind: 'keep', connection: earlier.connection }
        : refuse(
            ProtonFailure.invalid([
              { path: ['clientToken'], message: 'must not have been used before with other parameters' },
            ]),
          );
    }
    if (live) {
      return refuse(
        ProtonFailure.conflict(
          `The accounts ${environmentAccountId} and ${managementAccountId} already have a ${live.status} connection ` +
            `for the environment ${environmentName} in ${region}: ${live.id}.`,
        ),
      );
    }
    if (count >= quota) {
      return refuse(
        ProtonFailure.quotaExceeded(
          `The environment account ${environmentAccountId} has reached its quota of ${String(quota)} connections in ${region}. ` +
            'Delete connections that are no longer needed.',
        ),
      );
    }
    const at = now();
    const connection: Connection = {
      id: newId() as ConnectionId,
      region,
      status: 'PENDING',
      environmentName,
      managementAccountId,
      environmentAccountId,
      roleArn: request.roleArn,
      componentRoleArn: request.componentRoleArn,
      codebuildRoleArn: request.codebuildRoleArn,
      requestedAt: at,
      lastModifiedAt: at,
      tags: request.tags.map(({ key, value }) => ({ key, value })),
    };
    return {
      kind: 'insert',
      connection,
      event: eventOf(author, 'CREATED', at, {
        connectionId: connection.id,
        previousStatus: null,
        status: 'PENDING',
      }),
      clientToken: clientToken && { ...clientToken, fingerprint, createdAt: at },
    };
  };
}

export function decideUpdate(author: Author, { id, ...roles }: UpdateConnectionRequest) {
  return asEnvironmentAccount(author, id, 'Updating', (current) => {
    const violations = new Violations();
    checkRolesFit(violations, roles, current);
    if (violations.any) return refuse(violations.asFailure());
    if (current.status === 'REJECTED') return conflictWithRejected(current, 'updated');
    const given = ROLE_MEMBERS.filter((member) => roles[member] !== null);
    if (given.every((member) => roles[member] === current[member]))
      return { kind: 'keep', connection: current };
    return replace(
      author,
      'UPDATED',
      current,
      Object.fromEntries(given.map((member) => [member, roles[member]])),
    );
  });
}

export function decideAccept(author: Author, id: ConnectionId) {
  return asManagementAccount(author, id, 'Accepting', (current) => {
    if (current.status === 'REJECTED') return conflictWithRejected(current, 'accepted');
    if (current.status === 'CONNECTED') return { kind: 'keep', connection: current };
    return replace(author, 'ACCEPTED', current, { status: 'CONNECTED' });
  });
}

export function decideReject(author: Author, id: ConnectionId) {
  return asManagementAccount(author, id, 'Rejecting', (current) =>
    current.status === 'REJECTED'
      ? { kind: 'keep', connection: current }
      : replace(author, 'REJECTED', current, { status: 'REJECTED' }),
  );
}

export function decideDelete(author: Author, id: ConnectionId) {
  const decide = asEnvironmentAccount(author, id, 'Deleting', (current) => ({
    kind: 'delete',
    connection: current,
    event: eventOf(author, 'DELETED', laterOf(author.now(), current), {
      connectionId: current.id,
      previousStatus: current.status,
      status: null,
    }),
  }));
  return (current: Connection | undefined): Decision => {
    const decision = decide(current);
    // Deleting is idempotent: what is not there, or not to be seen, is gone already.
    const gone = decision.kind === 'refuse' && decision.failure.code === 'NOT_FOUND';
    return gone ? { kind: 'keep', connection: undefined } : decision;
  };
}

export function decideTag(author: Author, id: ConnectionId, given: readonly Tag[]) {
  return asEnvironmentAccount(author, id, 'Tagging', (current) => {
    const tags = new Map(current.tags.map(({ key, value }) => [key, value]));
    const changes = given.some(({ key, value }) => tags.get(key) !== value);
    if (!changes) return { kind: 'keep', connection: current };
    for (const { key, value } of given) tags.set(key, value);
    if (tags.size > MOST_TAGS) {
      return refuse(ProtonFailure.invalid([{ path: ['tags'], message: TOO_MANY_TAGS }]));
    }
    return replaceTags(
      author,
      'TAGGED',
      current,
      [...tags].map(([key, value]) => ({ key, value })),
    );
  });
}

export function decideUntag(author: Author, id: ConnectionId, tagKeys: ReadonlySet<string>) {
  return asEnvironmentAccount(author, id, 'Untagging', (current) => {
    const tags = current.tags.filter(({ key }) => !tagKeys.has(key));
    return tags.length === current.tags.length
      ? { kind: 'keep', connection: current }
      : replaceTags(author, 'UNTAGGED', current, tags);
  });
}

type DecideCurrent = (current: Connection) => Decision;

function asEnvironmentAccount(author: Author, id: ConnectionId, what: string, decide: DecideCurrent) {
  return (current: Connection | undefined): Decision => {
    if (!current || !maySee(author.viewer, current)) return refuse(ProtonFailure.notFound(id));
    const account = current.environmentAccountId;
    if (may(author.viewer, 'write', account)) return decide(current);
    return denied(`${what} a connection`, 'write', 'environment account', account);
  };
}

function asManagementAccount(author: Author, id: ConnectionId, what: string, decide: DecideCurrent) {
  return (current: Connection | undefined): Decision => {
    if (!current || !maySee(author.viewer, current)) return refuse(ProtonFailure.notFound(id));
    const account = current.managementAccountId;
    if (may(author.viewer, 'approve', account)) return decide(current);
    return denied(`${what} a connection`, 'approve', 'management account', account);
  };
}

function refuse(failure: ProtonFailure): Refusal {
  return { kind: 'refuse', failure };
}

function denied(what: string, permission: Permission, role: string, accountId: AccountId): Refusal {
  return refuse(
    ProtonFailure.accessDenied(`${what} takes the permission "${permission}" on its ${role}, ${accountId}.`),
  );
}

function conflictWithRejected({ id }: Connection, participle: string): Refusal {
  return refuse(
    ProtonFailure.conflict(
      `The connection ${id} is REJECTED, which is final: it can't be ${participle}. Delete it and create another.`,
    ),
  );
}

function replace(
  author: Author,
  type: ConnectionEventType,
  current: Connection,
  change: Partial<Connection>,
): Decision {
  const at = laterOf(author.now(), current);
  const connection = { ...current, ...change, lastModifiedAt: at };
  const statuses = { previousStatus: current.status, status: connection.status };
  return {
    kind: 'replace',
    connection,
    event: eventOf(author, type, at, { connectionId: current.id, ...statuses }),
  };
}

/** Tags do not move `lastModifiedAt`. */
function replaceTags(
  author: Author,
  type: ConnectionEventType,
  current: Connection,
  tags: readonly Tag[],
): Decision {
  const at = laterOf(author.now(), current);
  const statuses = { previousStatus: current.status, status: current.status };
  const event = eventOf(author, type, at, { connectionId: current.id, ...statuses });
  return { kind: 'replace', connection: { ...current, tags }, event };
}

/** A clock that was set back must not make a connection younger than it was. */
function laterOf(now: EpochMilliseconds, { lastModifiedAt }: Connection): EpochMilliseconds {
  return Math.max(now, lastModifiedAt);
}

function eventOf(
  { viewer, newId }: Author,
  type: ConnectionEventType,
  occurredAt: EpochMilliseconds,
  change: {
    readonly connectionId: ConnectionId;
    readonly previousStatus: ConnectionStatus | null;
    readonly status: ConnectionStatus | null;
  },
): ConnectionEvent {
  return { id: newId(), type, actor: viewer.subject, occurredAt, ...change };
}

/**
 * Of the parameters that two calls with one token must share. The token's scope, environment account and Region, is not among
 * them; the order of tags does not matter.
 */
function fingerprintOf(request: CreateConnectionRequest): string {
  const { managementAccountId, environmentName, roleArn, componentRoleArn, codebuildRoleArn } = request;
  const tags = request.tags
    .map(({ key, value }) => [key, value])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  const parameters = [
    managementAccountId,
    environmentName,
    roleArn,
    componentRoleArn,
    codebuildRoleArn,
    tags,
  ];
  return createHash('sha256').update(JSON.stringify(parameters)).digest('hex');
}
