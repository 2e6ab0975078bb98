import { randomUUID } from 'node:crypto';

import type { ConnectionView, EpochMilliseconds } from '../../proton/connection';
import type { ConnectionId } from '../../proton/identifiers';
import type { ConnectionStatusChange } from '../../proton/status-changes';
import type { ListSource } from '../calls';
import type { MissingConnection, ReadList } from './look';

/** A change, before it has a position. */
export type FoundChange = Omit<ConnectionStatusChange, 'position'>;

/** Returns the ids of the connections that are really gone: a list that changes while it is read may lack one that exists. */
export type ConfirmDeletions = (missing: readonly MissingConnection[]) => Promise<ReadonlySet<ConnectionId>>;

/**
 * What was last seen of each connection, to find what has changed since. A connection is in the lists of both its accounts, so
 * a change counts once however many of them show it.
 */
export class LastLook {
  private readonly connections = new Map<ConnectionId, ConnectionView>();
  /** The ids in each list, when it was last read. */
  private readonly lists = new Map<string, ReadonlySet<ConnectionId>>();

  /**
   * Compares lists with what was last seen, and remembers them. A list that is read for the first time announces nothing. One that
   * could not be read stays as it was.
   * @param read every list that is watched
   * @param now when a deletion was noticed, since Proton does not say when it happened
   */
  async compare(
    read: readonly ReadList[],
    confirmDeletions: ConfirmDeletions,
    now: EpochMilliseconds,
  ): Promise<readonly FoundChange[]> {
    this.forgetOthers(read);
    const current = newestOf(read);
    const changes = this.compareConnections(read, current);
    const missing = this.missingIn(read, current);
    const gone = missing.length === 0 ? NONE : await confirmDeletions(missing);
    this.rememberLists(read, gone);
    return [...changes, ...this.deletionsOf(gone, now)];
  }

  private compareConnections(
    read: readonly ReadList[],
    current: ReadonlyMap<ConnectionId, ConnectionView>,
  ): readonly FoundChange[] {
    const changes: FoundChange[] = [];
    for (const connection of current.values()) {
      const last = this.connections.get(connection.id);
      if (last && last.lastModifiedAt > connection.lastModifiedAt) continue;
      this.connections.set(connection.id, connection);
      if (last) {
        if (last.status !== connection.status) changes.push(changeOf(connection, last));
      } else if (this.isNew(read, connection.id)) {
        changes.push(changeOf(connection, undefined));
      }
    }
    return changes.sort((a, b) => a.occurredAt - b.occurredAt);
  }

  /** Whether a list has this connection that was read before, then without it. */
  private isNew(read: readonly ReadList[], id: ConnectionId): boolean {
    return read.some(
      ({ source, result }) => !(result instanceof Error) && result.has(id) && this.lists.has(keyOf(source)),
    );
  }

  private missingIn(
    read: readonly ReadList[],
    current: ReadonlyMap<ConnectionId, ConnectionView>,
  ): readonly MissingConnection[] {
    const missing = new Map<ConnectionId, MissingConnection>();
    for (const { source, result } of read) {
      if (result instanceof Error) continue;
      for (const id of this.lists.get(keyOf(source)) ?? NONE) {
        if (!current.has(id) && this.connections.has(id)) missing.set(id, { source, id });
      }
    }
    return [...missing.values()];
  }

  private rememberLists(read: readonly ReadList[], gone: ReadonlySet<ConnectionId>): void {
    for (const { source, result } of read) {
      if (result instanceof Error) continue;
      // What is missing and not gone is looked for again.
      const before = [...(this.lists.get(keyOf(source)) ?? NONE)].filter((id) => !gone.has(id));
      this.lists.set(keyOf(source), new Set([...before, ...result.keys()]));
    }
  }

  private deletionsOf(gone: ReadonlySet<ConnectionId>, now: EpochMilliseconds): readonly FoundChange[] {
    return [...gone].flatMap((id) => {
      const last = this.connections.get(id);
      if (!last) return [];
      this.connections.delete(id);
      return [
        {
          connection: last,
          previousStatus: last.status,
          status: null,
          occurredAt: now,
          eventId: randomUUID(),
        },
      ];
    });
  }

  /** Forgets the lists that are not watched any more, and connections that are in no other. */
  private forgetOthers(read: readonly ReadList[]): void {
    const watched = new Set(read.map(({ source }) => keyOf(source)));
    const forgotten = [...this.lists.keys()].filter((key) => !watched.has(key));
    if (forgotten.length === 0) return;
    for (const key of forgotten) this.lists.delete(key);
    const kept = new Set([...this.lists.values()].flatMap((ids) => [...ids]));
    for (const id of this.connections.keys()) if (!kept.has(id)) this.connections.delete(id);
  }
}

const NONE: ReadonlySet<ConnectionId> = new Set();

/** The connections of all lists; of those that were read while they changed, the newest state. */
function newestOf(read: readonly ReadList[]): ReadonlyMap<ConnectionId, ConnectionView> {
  const newest = new Map<ConnectionId, ConnectionView>();
  for (const { result } of read) {
    if (result instanceof Error) continue;
    for (const connection of result.values()) {
      const other = newest.get(connection.id);
      if (!other || other.lastModifiedAt <= connection.lastModifiedAt) newest.set(connection.id, connection);
    }
  }
  return newest;
}

function changeOf(connection: ConnectionView, last: ConnectionView | undefined): FoundChange {
  return {
    connection,
    previousStatus: last?.status ?? null,
    status: connection.status,
    occurredAt: connection.lastModifiedAt,
    eventId: randomUUID(),
  };
}

function keyOf({ accountId, region, role }: ListSource): string {
  return `${accountId} ${region} ${role}`;
}
