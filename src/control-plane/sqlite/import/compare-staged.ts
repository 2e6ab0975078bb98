import type BetterSqlite3 from 'better-sqlite3';

import type { Connection } from '../../../proton/connection';
import type { ImportCounts } from '../../import/import-store';
import { judgeAgainstStored } from '../../import/compare-record';
import { againstLive, judgeWish } from '../../import/compare-declaration';
import type { Refusals } from '../../import/refusals';
import { STAGED_COLUMNS, stagedRecordOf, type StagedTuple, type Verdict } from './staging';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from '../rows';

/** Rows that are looked at together: enough to make a query pay, few enough to hold. */
const AT_ONCE = 1000;

const LIVE = "('PENDING', 'CONNECTED')";
const SAME_IDENTITY = `connections.environment_account_id = staged.environment_account_id
  AND connections.region = staged.region
  AND connections.management_account_id = staged.management_account_id
  AND connections.environment_name = staged.environment_name`;

/**
 * Judges every staged record against the store as it is, marks it with its verdict, gathers what is refused and counts the rest.
 * It may run in any transaction, and again.
 */
export function importJudgeOn(database: BetterSqlite3.Database): (refusals: Refusals) => ImportCounts {
  const staged = list('staged', STAGED_COLUMNS);
  const stored = list('connections', CONNECTION_COLUMNS);
  const pairs = (join: string, condition: string, stored: string) =>
    pin(
      database
        .prepare<[after: number, limit: number], readonly unknown[]>(
          // The order of a CROSS JOIN is kept: one walk over what is staged, one look-up for each.
          `SELECT ${staged}, ${stored} FROM temp.staged AS staged CROSS JOIN connections ${join}
           WHERE staged.record > ? AND ${condition} ORDER BY staged.record LIMIT ?`,
        )
        .raw(true),
    );
  const known = pairs('ON connections.id = staged.id', "staged.kind = 'fact'", stored);
  const live = pairs(
    `ON ${SAME_IDENTITY} AND connections.status IN ${LIVE}`,
    `staged.kind = 'fact' AND staged.verdict = 'new' AND staged.status IN ${LIVE}`,
    stored,
  );
  const wishes = pin(
    database
      .prepare<[after: number, limit: number], StagedTuple>(
        `SELECT ${staged} FROM temp.staged AS staged WHERE record > ? AND kind = 'wish' ORDER BY record LIMIT ?`,
      )
      .raw(true),
  );
  // By name, which tells connections apart where an account has thousands.
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
  const liveTwin = sameIdentity(`IN ${LIVE}`, 'live_connections');
  const rejectedTwin = sameIdentity("= 'REJECTED'", 'connections_by_environment_and_name');
  const reset = pin(
    database.prepare(
      "UPDATE temp.staged SET verdict = 'new', target_id = NULL, target_status = NULL WHERE verdict <> 'new'",
    ),
  );
  const mark = pin(
    database.prepare<[Verdict, number]>('UPDATE temp.staged SET verdict = ? WHERE record = ?'),
  );
  const aim = pin(
    database.prepare('UPDATE temp.staged SET target_id = ?, target_status = ? WHERE record = ?'),
  );
  const tally = pin(
    database.prepare<[], { readonly verdict: Verdict; readonly count: number }>(
      'SELECT verdict, count(*) AS count FROM temp.staged GROUP BY verdict',
    ),
  );

  function judgeKnown(refusals: Refusals): void {
    eachPair(known, ({ place, fact }, connection) => {
      const verdict = judgeAgainstStored(connection, fact);
      switch (verdict.kind) {
        case 'unchanged':
          mark.run('unchanged', place.record);
          return;
        case 'completes':
          mark.run('completed', place.record);
          return;
        case 'differs':
          mark.run('refused', place.record);
          refusals.add({
            place,
            id: fact.id,
            reasons: [`exists with other content: ${verdict.differences.join('; ')}`],
          });
      }
    });
  }

  function judgeLive(refusals: Refusals): void {
    eachPair(live, ({ place, fact }, connection) => {
      mark.run('refused', place.record);
      refusals.add({ place, id: fact.id, reasons: [againstLive(fact, connection)] });
    });
  }

  function judgeWishes(refusals: Refusals): void {
    eachRow(wishes, (tuple) => {
      const { place, fact } = stagedRecordOf(tuple);
      const twin = (statement: typeof liveTwin) => {
        const row = statement.get(place.record);
        return row && connectionOf(row);
      };
      const live = twin(liveTwin);
      const verdict = judgeWish(fact, live, live ? undefined : twin(rejectedTwin));
      if (verdict.kind === 'new') return;
      if (verdict.kind === 'completes') {
        mark.run('completed', place.record);
        aim.run(verdict.live.id, verdict.live.status, place.record);
        return;
      }
      mark.run(verdict.kind, place.record);
      if (verdict.kind === 'refused') refusals.add({ place, reasons: verdict.reasons });
    });
  }

  return (refusals) => {
    reset.run();
    judgeKnown(refusals);
    judgeLive(refusals);
    judgeWishes(refusals);
    const counts = { new: 0, completed: 0, unchanged: 0, refused: 0 };
    for (const { verdict, count } of tally.all()) counts[verdict] = count;
    return { new: counts.new, completed: counts.completed, unchanged: counts.unchanged };
  };
}

function list(table: string, columns: readonly string[]): string {
  return columns.map((column) => `${table}.${column}`).join(', ');
}

type Walk<Row> = BetterSqlite3.Statement<[after: number, limit: number], Row>;

/** Walks over rows that begin with their record's number, a handful at a time. */
function eachRow<Row extends readonly unknown[]>(walk: Walk<Row>, visit: (row: Row) => void): void {
  for (let after = 0; ;) {
    const rows = walk.all(after, AT_ONCE);
    rows.forEach(visit);
    const last = rows.at(-1);
    if (last === undefined || rows.length < AT_ONCE) return;
    after = Number(last[0]);
  }
}

function eachPair(
  walk: Walk<readonly unknown[]>,
  visit: (staged: ReturnType<typeof stagedRecordOf>, connection: Connection) => void,
): void {
  eachRow(walk, (row) => {
    const width = STAGED_COLUMNS.length;
    // The statement names exactly these columns, in this order.
    visit(
      stagedRecordOf(row.slice(0, width) as unknown as StagedTuple),
      connectionOf(row.slice(width) as unknown as ConnectionTuple),
    );
  });
}
