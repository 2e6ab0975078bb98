import { randomUUID } from 'node:crypto';

import type BetterSqlite3 from 'better-sqlite3';

import {
  IMPORT_ACTOR,
  type ImportOutcome,
  type ImportParts,
  type ImportRecord,
  type ImportStore,
} from '../../import/import-store';
import { judgeAgainstEarlier } from '../../import/compare-record';
import { againstEarlierLive, againstEarlierWish } from '../../import/compare-declaration';
import { nameOfPlace, Refusals } from '../../import/refusals';
import { importFailure } from '../errors';
import { importJudgeOn } from './compare-staged';
import { stagingOn, type StagedRecord } from './staging';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS } from '../rows';
import type { Transactions } from '../transactions';

export function importsOn(
  database: BetterSqlite3.Database,
  transactions: Transactions,
  parts: ImportParts = { now: Date.now, newId: randomUUID },
): ImportStore {
  // Made with the first import: a server makes none.
  let tools: ReturnType<typeof toolsOn> | undefined;
  return {
    begin() {
      tools ??= toolsOn(database, parts);
      const { staging, judge, write, version } = tools;
      staging.clear();
      const met = new Refusals();
      let repeated = 0;

      function add(record: ImportRecord): void {
        const earlier = staging.put(record);
        if (!earlier) return;
        const reasons = meet(record, earlier);
        if (reasons.length === 0) repeated += 1;
        else met.add({ place: record.place, id: idOf(record), reasons });
      }

      function meet(record: ImportRecord, earlier: StagedRecord): readonly string[] {
        if (record.kind === 'wish')
          return againstEarlierWish(record.wish, earlier.fact, nameOfPlace(earlier.place));
        if (earlier.fact.id !== record.fact.id) {
          return [againstEarlierLive(record.fact, earlier.fact, nameOfPlace(earlier.place))];
        }
        const verdict = judgeAgainstEarlier(earlier.fact, record.fact, nameOfPlace(earlier.place));
        if (verdict.kind === 'completes') staging.replace(earlier, verdict.fact);
        return verdict.kind === 'differs'
          ? [`is in the file twice, with other content: ${verdict.differences.join('; ')}`]
          : [];
      }

      function judged(): ImportOutcome {
        const refusals = new Refusals();
        refusals.addAll(met);
        const counts = judge(refusals);
        return {
          written: false,
          counts: { ...counts, unchanged: counts.unchanged + repeated },
          refusals: refusals.first,
          refused: refusals.count,
        };
      }

      return {
        add: (records) =>
          guarded(() => {
            staging.within(() => {
              records.forEach(add);
            });
          }),

        async settle(manner) {
          const seen = version();
          const first = await guarded(() => {
            staging.settle();
            const outcome = staging.within(judged);
            staging.settle();
            return outcome;
          });
          const { counts } = first;
          if (manner === 'judge' || first.refused > 0) return first;
          // An import that changes nothing takes no lock.
          if (counts.new + counts.completed === 0) return { ...first, written: true };
          return transactions.run(() => {
            // Whoever wrote meanwhile may have changed the verdict, so it is reached again, now that nobody can.
            const outcome = version() === seen ? first : judged();
            if (outcome.refused > 0) return outcome;
            write();
            return { ...outcome, written: true };
          });
        },

        close() {
          staging.clear();
        },
      };
    },
  };
}

function toolsOn(database: BetterSqlite3.Database, parts: ImportParts) {
  const staging = stagingOn(database, parts);
  // Changes when another connection has committed something, and not by what this one does.
  const dataVersion = pin(database.prepare('PRAGMA data_version').pluck(true));
  return {
    staging,
    judge: importJudgeOn(database),
    write: importWriterOn(database, parts),
    version: () => dataVersion.get(),
  };
}

function idOf(record: ImportRecord): string | undefined {
  return record.kind === 'fact' ? record.fact.id : undefined;
}

/** Runs work on what is gathered, and tells what is wrong with the store or the disk. */
function guarded<Result>(work: () => Result): Promise<Result> {
  return new Promise<Result>((resolve) => {
    resolve(work());
  }).catch((error: unknown) => {
    throw importFailure(error);
  });
}

/** Takes what is staged and judged into the store, with an event for each change. Runs inside a transaction. */
function importWriterOn(database: BetterSqlite3.Database, { now }: ImportParts): () => void {
  const columns = CONNECTION_COLUMNS.join(', ');
  const insert = pin(
    database.prepare(
      // In the order of time, in which half of the indexes grow at their ends: that is how they are filled fastest.
      `INSERT INTO connections (${columns}) SELECT ${columns} FROM temp.staged WHERE verdict = 'new' ORDER BY requested_at, id`,
    ),
  );
  const complete = pin(
    database.prepare(
      `UPDATE connections SET codebuild_role_arn = staged.codebuild_role_arn FROM temp.staged AS staged
       WHERE staged.verdict = 'completed' AND connections.id = coalesce(staged.target_id, staged.id)`,
    ),
  );
  const record = pin(
    database.prepare(
      `INSERT INTO connection_events (id, connection_id, type, status, previous_status, actor, occurred_at)
       SELECT event_id, coalesce(target_id, id), 'IMPORTED', coalesce(target_status, status),
         CASE verdict WHEN 'completed' THEN coalesce(target_status, status) END, ?, ?
       FROM temp.staged WHERE verdict IN ('new', 'completed') ORDER BY record`,
    ),
  );
  return () => {
    insert.run();
    complete.run();
    record.run(IMPORT_ACTOR, now());
  };
}
