import type BetterSqlite3 from 'better-sqlite3';

/** Inconsistencies that must never occur, each with a query that counts them. Every creation must have had a client token. */
const INCONSISTENCIES = {
  'connections without the event of their creation': `SELECT count(*) FROM connections c WHERE NOT EXISTS
      (SELECT 1 FROM connection_events e WHERE e.connection_id = c.id AND e.type = 'CREATED')`,
  'connections without their token': `SELECT count(*) FROM connections c WHERE NOT EXISTS
      (SELECT 1 FROM client_tokens t WHERE t.connection_id = c.id)`,
  'tokens without their connection': `SELECT count(*) FROM client_tokens t WHERE NOT EXISTS
      (SELECT 1 FROM connections c WHERE c.id = t.connection_id)`,
  'events without their connection': `SELECT count(*) FROM connection_events e WHERE NOT EXISTS
      (SELECT 1 FROM connections c WHERE c.id = e.connection_id) AND NOT EXISTS
      (SELECT 1 FROM connection_events d WHERE d.connection_id = e.connection_id AND d.type = 'DELETED')`,
  'connections that were deleted': `SELECT count(*) FROM connections c WHERE EXISTS
      (SELECT 1 FROM connection_events e WHERE e.connection_id = c.id AND e.type = 'DELETED')`,
  'statuses that differ from their last event': `SELECT count(*) FROM connections c WHERE status <>
      (SELECT status FROM connection_events e WHERE e.connection_id = c.id ORDER BY sequence DESC LIMIT 1)`,
  'tags that differ from their events': `SELECT count(*) FROM connections c WHERE (tags <> '[]') <> coalesce(
      (SELECT type = 'TAGGED' FROM connection_events e WHERE e.connection_id = c.id AND type IN ('TAGGED', 'UNTAGGED')
       ORDER BY sequence DESC LIMIT 1), 0)`,
};

/** Lists what is wrong in a store. Empty if every write is either complete or absent. */
export function faultsIn(database: BetterSqlite3.Database): readonly string[] {
  const checked = database.pragma('integrity_check', { simple: true });
  const orphans = database.pragma('foreign_key_check');
  const inconsistencies = Object.entries(INCONSISTENCIES).flatMap(([what, query]) => {
    const count = database.prepare(query).pluck().get();
    return count === 0 ? [] : [`${String(count)} ${what}`];
  });
  return [
    ...(checked === 'ok' ? [] : [String(checked)]),
    ...(Array.isArray(orphans) && orphans.length === 0 ? [] : ['a foreign key refers to a missing row']),
    ...inconsistencies,
  ];
}
