import type { StoredConnection } from '../../../proton/connection';
import type { ConnectionId } from '../../../proton/identifiers';
import type { Visibility } from '../../store';

type Find = (ids: readonly ConnectionId[], visibleTo: Visibility) => Promise<readonly StoredConnection[]>;

/** A statement is shared until it has so many ids; then the next one begins. It bounds how long its rows keep the event loop busy. */
const MAX_SHARED_IDS = 200;

interface SharedFind {
  readonly ids: Set<ConnectionId>;
  readonly rows: Promise<ReadonlyMap<ConnectionId, StoredConnection>>;
}

/**
 * Sends one statement for all calls of one turn of the event loop that may see the same accounts. Sending a statement costs a server
 * more than reading a few rows, and under load many requests arrive in the same turn.
 */
export function shareFinds(find: Find): Find {
  const open = new Map<string, SharedFind>();

  function begin(key: string, visibleTo: Visibility): SharedFind {
    const ids = new Set<ConnectionId>();
    const rows = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      if (open.get(key) === shared) open.delete(key);
      const found = await find([...ids], visibleTo);
      return new Map(found.map((connection) => [connection.id, connection]));
    });
    const shared = { ids, rows };
    open.set(key, shared);
    return shared;
  }

  return async (ids, visibleTo) => {
    if (ids.length > MAX_SHARED_IDS) return find(ids, visibleTo);
    const key = visibleTo === 'every' ? visibleTo : visibleTo.join();
    const current = open.get(key);
    const shared =
      current && current.ids.size + ids.length <= MAX_SHARED_IDS ? current : begin(key, visibleTo);
    for (const id of ids) shared.ids.add(id);
    const rows = await shared.rows;
    return ids.flatMap((id) => rows.get(id) ?? []);
  };
}
