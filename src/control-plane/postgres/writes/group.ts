import type { Connection, ConnectionEvent } from '../../../proton/connection';
import { asError } from '../../../proton/failure';
import type { ConnectionId } from '../../../proton/identifiers';
import { identityKeyOf } from '../../connection-rows';
import type {
  ChangeWrite,
  ClientTokenRecord,
  CreateState,
  CreateWrite,
  Decision,
  Write,
  WriteResult,
} from '../../store';
import { scopeKey, type Facts, type Scope, type StoredVersion } from './facts';

/** What a group of writes changes, as rows. */
export interface GroupChanges {
  readonly inserted: readonly ChangedVersion[];
  readonly updated: readonly ChangedVersion[];
  readonly deleted: readonly ConnectionId[];
  readonly tokens: readonly (ClientTokenRecord & { readonly connectionId: ConnectionId })[];
  readonly events: readonly NumberedEvent[];
  /** The scopes of inserted connections, with the number of connections that they have at most. */
  readonly scopes: readonly (Scope & { readonly atMost: number | null })[];
}

/** A connection as the group leaves it, with the first decision on it if the group has made it. */
export interface ChangedVersion extends StoredVersion {
  readonly decision: FirstDecision | undefined;
}

/** What it was, and when, in milliseconds since the epoch. */
interface FirstDecision {
  readonly type: 'ACCEPTED' | 'REJECTED';
  readonly at: number;
}

export interface NumberedEvent {
  readonly version: number;
  readonly event: ConnectionEvent;
  /** Right after the event; right before a deletion. */
  readonly connection: Connection;
}

export interface GroupOutcome {
  readonly results: readonly WriteResult[];
  readonly changes: GroupChanges;
}

/** Lets the writes of a group decide, in order. Each one sees what the ones before it change. */
export function decideGroup(writes: readonly Write[], facts: Facts): GroupOutcome {
  const state = new GroupState(facts);
  const results = writes.map((write, index): WriteResult => {
    let decision: Decision;
    try {
      decision =
        write.kind === 'create' ? state.decideCreate(write, index) : state.decideChange(write, index);
    } catch (error) {
      return { failure: asError(error) };
    }
    if (decision.kind === 'refuse') return { failure: decision.failure };
    if (decision.kind !== 'keep') state.apply(decision);
    return { connection: decision.connection };
  });
  return { results, changes: state.changes() };
}

/** The facts, with the changes of the group so far. */
class GroupState {
  /** The connections that the group has changed; `connection` is undefined when it was deleted. */
  private readonly changed = new Map<
    ConnectionId,
    Omit<ChangedVersion, 'connection'> & { readonly connection: Connection | undefined }
  >();
  /** The live connections of identities that the group has changed; undefined when there is none. */
  private readonly live = new Map<string, ConnectionId | undefined>();
  private readonly tokens = new Map<string, ClientTokenRecord & { readonly connectionId: ConnectionId }>();
  private readonly events: NumberedEvent[] = [];
  /** Connections that the group has added to a scope, less the deleted ones. */
  private readonly added = new Map<string, number>();
  private readonly inserted = new Map<string, { readonly scope: Scope; number: number }>();

  constructor(private readonly facts: Facts) {}

  decideCreate(write: CreateWrite, index: number): Decision {
    const { identity, countUpTo } = write;
    const key = scopeKey(identity);
    const count = (this.facts.scopes.get(key)?.count ?? 0) + (this.added.get(key) ?? 0);
    const identityKey = identityKeyOf(identity);
    const liveId = this.live.has(identityKey) ? this.live.get(identityKey) : this.facts.live.get(index);
    return write.decide({
      earlier: this.createdEarlier(write, index),
      live: liveId && this.connection(liveId),
      count: Math.min(count, countUpTo),
    });
  }

  decideChange({ id, decide }: ChangeWrite, index: number): Decision {
    return decide(this.facts.current.has(index) ? this.connection(id) : undefined);
  }

  apply(decision: Exclude<Decision, { kind: 'refuse' | 'keep' }>): void {
    const { connection, event } = decision;
    const after = decision.kind === 'delete' ? undefined : connection;
    const version = this.versionOf(connection.id) + 1;
    const first = firstDecisionOf(event) ?? this.changed.get(connection.id)?.decision;
    this.changed.set(connection.id, { connection: after, version, decision: first });
    this.events.push({ version, event, connection });
    const isLive = after !== undefined && after.status !== 'REJECTED';
    const identity = identityKeyOf(connection);
    if (isLive) this.live.set(identity, connection.id);
    else if (event.previousStatus !== 'REJECTED') this.live.set(identity, undefined);
    if (decision.kind === 'insert') {
      this.count(connection, 1);
      const { clientToken } = decision;
      if (clientToken)
        this.tokens.set(tokenKey(clientToken), { ...clientToken, connectionId: connection.id });
    } else if (decision.kind === 'delete') this.count(connection, -1);
  }

  changes(): GroupChanges {
    const changed = [...this.changed].map(([id, { connection, version, decision }]) => ({
      id,
      existed: this.facts.connections.has(id),
      now: connection && { connection, version, decision },
    }));
    const present = changed.flatMap(({ existed, now }) => (now ? [{ existed, now }] : []));
    return {
      inserted: present.filter(({ existed }) => !existed).map(({ now }) => now),
      updated: present.filter(({ existed }) => existed).map(({ now }) => now),
      deleted: changed.filter(({ existed, now }) => existed && !now).map(({ id }) => id),
      tokens: [...this.tokens.values()].filter(
        ({ connectionId }) => this.connection(connectionId) !== undefined,
      ),
      events: this.events,
      scopes: [...this.inserted].map(([key, { scope, number }]) => {
        const atMost = this.facts.scopes.get(key)?.atMost ?? null;
        return { ...scope, atMost: atMost === null ? null : atMost + number };
      }),
    };
  }

  private createdEarlier({ clientToken }: CreateWrite, index: number): CreateState['earlier'] {
    if (!clientToken) return undefined;
    const inGroup = this.tokens.get(tokenKey(clientToken));
    const record = inGroup
      ? { fingerprint: inGroup.fingerprint, id: inGroup.connectionId }
      : this.facts.earlier.get(index);
    // Deleting a connection deletes its token.
    const connection = record && this.connection(record.id);
    return connection && { connection, fingerprint: record.fingerprint };
  }

  private connection(id: ConnectionId): Connection | undefined {
    const changed = this.changed.get(id);
    return changed ? changed.connection : this.facts.connections.get(id)?.connection;
  }

  private versionOf(id: ConnectionId): number {
    return (this.changed.get(id) ?? this.facts.connections.get(id))?.version ?? 0;
  }

  private count({ environmentAccountId, region }: Connection, difference: 1 | -1): void {
    const scope = { environmentAccountId, region };
    const key = scopeKey(scope);
    this.added.set(key, (this.added.get(key) ?? 0) + difference);
    if (difference === 1) {
      const inserted = this.inserted.get(key);
      if (inserted) inserted.number += 1;
      else this.inserted.set(key, { scope, number: 1 });
    }
  }
}

function tokenKey({ token, ...scope }: Scope & { readonly token: string }): string {
  return `${scopeKey(scope)}/${token}`;
}

/** What an event decided first. A connection is `PENDING` once, so one of its events does at most. */
function firstDecisionOf({ type, previousStatus, occurredAt }: ConnectionEvent): FirstDecision | undefined {
  const isDecision = previousStatus === 'PENDING' && (type === 'ACCEPTED' || type === 'REJECTED');
  return isDecision ? { type, at: occurredAt } : undefined;
}
