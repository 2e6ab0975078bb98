import { repeatingConflicts } from '../conflicts';
import type { Database } from '../database';

/** Changes that one transaction moves at most. */
const BATCH = 2_000;

const LOCKED_HEAD = 'SELECT position FROM feed_head WHERE id = 1 FOR UPDATE';

/**
 * A second statement, so that its snapshot is younger than the lock. A snapshot that has version n + 1 of a connection has version n
 * too, because n + 1 is written under the lock on the connection, after n was committed. So the versions of each connection get
 * ascending positions.
 */
const MOVE = `WITH taken AS (
    DELETE FROM unsequenced WHERE (connection_id, version) IN (
      SELECT connection_id, version FROM unsequenced ORDER BY connection_id, version LIMIT ${String(BATCH)}
    ) RETURNING connection_id, version
  ), added AS (
    INSERT INTO feed (position, connection_id, version, sequenced_at)
    SELECT head.position + row_number() OVER (ORDER BY connection_id, version), connection_id, version, $1::bigint
    FROM taken CROSS JOIN feed_head AS head
  )
  UPDATE feed_head SET position = position + (SELECT count(*) FROM taken)
  WHERE id = 1 AND EXISTS (SELECT 1 FROM taken)
  RETURNING (SELECT count(*) FROM taken)`;

const ANY_LEFT = 'SELECT EXISTS (SELECT 1 FROM unsequenced)';

/**
 * Gives committed changes their positions in the feed. Writers don't wait for each other: they only insert. Any process may do this at
 * any time; the lock on the head's row makes them take turns. All statements are sent at once, so the lock is never held while a
 * process works or is frozen.
 * @returns how many changes got a position
 */
export async function sequence(database: Database, now: number): Promise<number> {
  let total = 0;
  for (;;) {
    const moved = await moveSome(database, now);
    total += moved;
    if (moved < BATCH) return total;
  }
}

function moveSome(database: Database, now: number): Promise<number> {
  // What it can't do the next sweep does.
  return repeatingConflicts(() =>
    database.transaction(
      async (session) => {
        const locked = session.send({ text: LOCKED_HEAD });
        const moved = session.send({ text: MOVE, values: [now] });
        await session.commit([locked, moved]);
        const [[count] = [0]] = (await moved) as readonly [number][];
        return count;
      },
      // A standby has changes without positions, which the primary is about to move.
      { mayBeReadOnly: true },
    ),
  );
}

export async function hasUnsequenced(database: Database): Promise<boolean> {
  const [[any] = [false]] = (await database.run({ text: ANY_LEFT })) as readonly [boolean][];
  return any;
}
