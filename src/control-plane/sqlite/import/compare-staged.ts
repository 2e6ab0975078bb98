import type BetterSqlite3 from 'better-sqlite3';

import type { Connection } from '../../../proton/connection';
import type { ImportCounts, Refusals } from '../../import/import-store';
import {
  compareDeclared,
  compareSameId,
  compareSameIdentity,
  STAGED_COLUMNS,
  stagedRecordOf,
  type Comparison,
  type StagedRecord,
  type StagedTuple,
  type Verdict,
} from '../../import/staged-records';
import { limitOf } from '../limit';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from '../../connection-rows';

/** Rows that a query reads at once: enough to make it efficient, few enough for memory. */
const BATCH = 1000;

const LIVE = "('PENDING', 'CONNECTED')";
const SAME_IDENTITY = `connections.environment_account_id = staged.environment_account_id
  AND connections.region = staged.region
  AND connections.management_account_id = staged.management_account_id
  AND connections.environment_name = staged.environment_name`;

/**
 * Compares every staged record with the store, sets its verdict, collects the refusals and counts the others. It runs in any
 * transaction, and may run several times.
 */
export function stagedComparisonOn(database: BetterSqlite3.Database): (refusals: Refusals) => ImportCounts {
  const staged = list('staged', STAGED_COLUMNS);
  const stored = list('connections', CONNECTION_COLUMNS);
  const pairs = (join: string, condition: string, stored: string) =>
    pin(
      database
        .prepare<[after: number, limit: number], readonly unknown[]>(
          // SQLite keeps the order of a CROSS JOIN: one scan of the staged records, one lookup for each.
          `SELECT ${staged}, ${stored} FROM temp.staged AS staged CROSS JOIN connections ${join}
           WHERE staged.record > ? AND ${condition} ORDER BY staged.record ${limitOf('?')}`,
        )
        .raw(true),
    );
  const sameIds = pairs('ON connections.id = staged.id', "staged.kind = 'connection'", stored);
  const live = pairs(
    `ON ${SAME_IDENTITY} AND connections.status IN ${LIVE}`,
    `staged.kind = 'connection' AND staged.verdict = 'new' AND staged.status IN ${LIVE}`,
    stored,
  );
  const declarations = pin(
    database
      .prepare<[after: number, limit: number], StagedTuple>(
        `SELECT ${staged} FROM temp.staged AS staged WHERE record > ? AND kind = 'declaration' ORDER BY record ${limitOf('?')}`,
      )
      .raw(true),
  );
  // Along an index with the environment's name, because an account may have thousands of connections.
  const sameIdentity = (status: string, index: string) =>
    pin(
      database
        .prepare<[record: number], ConnectionTuple>(
          `SELECT ${stored} FROM temp.staged AS staged CROSS JOIN connections INDEXED BY ${index}
           ON ${SAME_IDENTITY} AND connections.status ${status}
           WHERE staged.record = ? ORDER BY connections.requested_at DESC, connections.id DESC LIMIT 1`,
        )
        .raw(true),
    );
  const findLive = sameIdentity(`IN ${LIVE}`, 'live_connections');
  const findRejected = sameIdentity("= 'REJECTED'", 'connections_by_environment_and_name');
  const reset = pin(
    database.prepare(
      "UPDATE temp.staged SET verdict = 'new', target_id = NULL, target_status = NULL WHERE verdict <> 'new'",
    ),
  );
  const setVerdict = pin(
    database.prepare<[Verdict, number]>('UPDATE temp.staged SET verdict = ? WHERE record = ?'),
  );
  const setTarget = pin(
    database.prepare('UPDATE temp.staged SET target_id = ?, target_status = ? WHERE record = ?'),
  );
  const countVerdicts = pin(
    database.prepare<[], { readonly verdict: Verdict; readonly count: number }>(
      'SELECT verdict, count(*) AS count FROM temp.staged GROUP BY verdict',
    ),
  );

  function settle(
    { location }: StagedRecord,
    { verdict, target, refusal }: Comparison,
    refusals: Refusals,
  ): void {
    if (verdict === 'new') return;
    setVerdict.run(verdict, location.record);
    if (target) setTarget.run(target.id, target.status, location.record);
    if (refusal) refusals.add(refusal);
  }

  function compareDeclarations(refusals: Refusals): void {
    eachRow(declarations, (tuple) => {
      const record = stagedRecordOf(tuple);
      const find = (statement: typeof findLive) => {
        const row = statement.get(record.location.record);
        return row && connectionOf(row);
      };
      const live = find(findLive);
      settle(record, compareDeclared(record, live, live ? undefined : find(findRejected)), refusals);
    });
  }

  return (refusals) => {
    reset.run();
    eachPair(sameIds, (record, stored) => {
      settle(record, compareSameId(record, stored), refusals);
    });
    eachPair(live, (record, stored) => {
      settle(record, compareSameIdentity(record, stored), refusals);
    });
    compareDeclarations(refusals);
    const counts = { new: 0, completed: 0, unchanged: 0, refused: 0 };
    for (const { verdict, count } of countVerdicts.all()) counts[verdict] = count;
    return { new: counts.new, completed: counts.completed, unchanged: counts.unchanged };
  };
}

function list(table: string, columns: readonly string[]): string {
  return columns.map((column) => `${table}.${column}`).join(', ');
}

type Scan<Row> = BetterSqlite3.Statement<[after: number, limit: number], Row>;

/** Reads rows in batches. Their first column is the record's number. */
function eachRow<Row extends readonly unknown[]>(scan: Scan<Row>, visit: (row: Row) => void): void {
  for (let after = 0; ;) {
    const rows = scan.all(after, BATCH);
    rows.forEach(visit);
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return;
    after = Number(last[0]);
  }
}

function eachPair(
  scan: Scan<readonly unknown[]>,
  visit: (staged: ReturnType<typeof stagedRecordOf>, connection: Connection) => void,
): void {
  eachRow(scan, (row) => {
    const width = STAGED_COLUMNS.length;
    // The statement selects exactly these columns, in this order.
    visit(
      stagedRecordOf(row.slice(0, width) as unknown as StagedTuple),
      connectionOf(row.slice(width) as unknown as ConnectionTuple),
    );
  });
}
