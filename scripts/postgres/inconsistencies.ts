/** What must never be in a database of the store, each with a query that counts it. */
const INCONSISTENCIES = {
  'connections whose events have gaps in their versions': `SELECT count(*) FROM (
      SELECT 1 FROM connection_events GROUP BY connection_id
      HAVING min(version) <> 1 OR max(version) <> count(*)) AS found`,
  'connections with another version than their newest event': `SELECT count(*) FROM connections c
      WHERE version IS DISTINCT FROM (SELECT max(version) FROM connection_events e WHERE e.connection_id = c.id)`,
  'connections with another status than their newest event': `SELECT count(*) FROM connections c
      JOIN connection_events e ON e.connection_id = c.id AND e.version = c.version WHERE e.status <> c.status`,
  'connections that do not begin with their creation': `SELECT count(*) FROM connection_events
      WHERE version = 1 AND type NOT IN ('CREATED', 'IMPORTED')`,
  'events that do not follow from the one before': `SELECT count(*) FROM connection_events e
      JOIN connection_events p ON p.connection_id = e.connection_id AND p.version = e.version - 1
      WHERE p.status IS DISTINCT FROM e.previous_status OR p.type = 'DELETED'`,
  'connections that are gone without a deletion': `SELECT count(*) FROM connection_events e
      WHERE version = (SELECT max(version) FROM connection_events n WHERE n.connection_id = e.connection_id)
        AND (type = 'DELETED') = EXISTS (SELECT 1 FROM connections c WHERE c.id = e.connection_id)`,
  'connections that are live without being marked': `SELECT count(*) FROM connections
      WHERE live IS DISTINCT FROM CASE WHEN status = 'REJECTED' THEN NULL ELSE true END`,
  // Those that an earlier version has decided must be filled in.
  'connections with another first decision than their history': `SELECT count(*) FROM connections c
      LEFT JOIN LATERAL (SELECT type, occurred_at FROM connection_events e WHERE e.connection_id = c.id
        AND e.previous_status = 'PENDING' AND e.type IN ('ACCEPTED', 'REJECTED')
        AND version > (SELECT coalesce(max(version), 0) FROM connection_events d WHERE d.connection_id = c.id AND d.type = 'DELETED')
        ORDER BY version LIMIT 1) AS decision ON true
      WHERE (c.first_decision, c.decided_at) IS DISTINCT FROM
        (coalesce(decision.type, CASE WHEN c.status <> 'PENDING' THEN 'NONE' END), decision.occurred_at)`,
  'client tokens without their connection': `SELECT count(*) FROM client_tokens t
      WHERE NOT EXISTS (SELECT 1 FROM connections c WHERE c.id = t.connection_id)`,
  'accounts with more connections than are counted': `SELECT count(*) FROM account_scopes s
      WHERE connections < (SELECT count(*) FROM connections c
        WHERE c.environment_account_id = s.environment_account_id AND c.region = s.region)`,
  'status changes that are not in the feed': `SELECT count(*) FROM connection_events e
      WHERE status IS DISTINCT FROM previous_status
        AND NOT EXISTS (SELECT 1 FROM feed f WHERE f.connection_id = e.connection_id AND f.version = e.version)`,
  'changes that are in the feed more than once': `SELECT count(*) FROM (
      SELECT 1 FROM feed GROUP BY connection_id, version HAVING count(*) > 1) AS found`,
  'changes in the feed without their event': `SELECT count(*) FROM feed f WHERE NOT EXISTS (
      SELECT 1 FROM connection_events e WHERE e.connection_id = f.connection_id AND e.version = f.version)`,
  'connections whose changes are not in order in the feed': `SELECT count(*) FROM (
      SELECT version, lag(version) OVER (PARTITION BY connection_id ORDER BY position) AS before FROM feed) AS found
      WHERE version <= before`,
  'gaps in the positions of the feed': `SELECT count(*) FROM (
      SELECT (SELECT coalesce(max(position), 0) FROM feed) AS newest, (SELECT count(*) FROM feed) AS rows,
        (SELECT position FROM feed_head) AS head) AS found
      WHERE newest <> rows OR newest <> head`,
};

/**
 * Lists what is wrong in a database of the store whose servers don't write. Empty if every write is complete or absent and every
 * status change is in the feed once.
 * @param query runs a statement and returns its rows
 */
export async function inconsistenciesOf(
  query: (sql: string) => Promise<readonly unknown[]>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [what, sql] of Object.entries(INCONSISTENCIES)) {
    const [row] = (await query(sql)) as readonly { readonly count: string }[];
    if (row?.count !== '0') found.push(`${String(row?.count)} ${what}`);
  }
  return found;
}
