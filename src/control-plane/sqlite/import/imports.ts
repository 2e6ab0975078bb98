import { randomUUID } from 'node:crypto';

import type BetterSqlite3 from 'better-sqlite3';

import {
  IMPORT_ACTOR,
  type ImportDependencies,
  type ImportOutcome,
  type ImportRecord,
  type ImportStore,
  Refusals,
} from '../../import/import-store';
import { compareInFile } from '../../import/staged-records';
import { importFailure } from '../errors';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, snapshotArguments } from '../../connection-rows';
import type { Transactions } from '../transactions';
import { stagedComparisonOn } from './compare-staged';
import { stagingOn } from './staging';

export function importsOn(
  database: BetterSqlite3.Database,
  transactions: Pick<Transactions, 'run'>,
  dependencies: ImportDependencies = { now: Date.now, newId: randomUUID },
): ImportStore {
  // Prepared with the first import, because a server runs none.
  let prepared: ReturnType<typeof prepare> | undefined;
  return {
    begin() {
      prepared ??= prepare(database, dependencies);
      const { staging, compareAll, write, dataVersion } = prepared;
      staging.clear();
      const refusalsInFile = new Refusals();
      let repeated = 0;

      function add(record: ImportRecord): void {
        const earlier = staging.put(record);
        if (!earlier) return;
        const result = compareInFile(record, earlier);
        if (result.kind === 'refused') {
          refusalsInFile.add(result.refusal);
          return;
        }
        if (result.kind === 'completes') staging.replace(earlier, result.connection);
        repeated += 1;
      }

      function compareWithStore(): ImportOutcome {
        const refusals = new Refusals();
        refusals.addAll(refusalsInFile);
        const counts = compareAll(refusals);
        return {
          written: false,
          counts: { ...counts, unchanged: counts.unchanged + repeated },
          refusals: refusals.first,
          refused: refusals.count,
        };
      }

      return {
        add: (records) =>
          explainingFailures(() => {
            staging.within(() => {
              records.forEach(add);
            });
          }),

        async settle(mode) {
          const versionBefore = dataVersion();
          const first = await explainingFailures(() => {
            staging.commit();
            const outcome = staging.within(compareWithStore);
            staging.commit();
            return outcome;
          });
          const { counts } = first;
          if (mode === 'compare' || first.refused > 0) return first;
          // An import that changes nothing needs no lock.
          if (counts.new + counts.completed === 0) return { ...first, written: true };
          return transactions.run(() => {
            // If another process has written meanwhile, compare again, now under the write lock.
            const outcome = dataVersion() === versionBefore ? first : compareWithStore();
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

function prepare(database: BetterSqlite3.Database, dependencies: ImportDependencies) {
  const staging = stagingOn(database, dependencies);
  // Changes when another connection commits, but not by this connection's own commits.
  const dataVersion = pin(database.prepare('PRAGMA data_version').pluck(true));
  return {
    staging,
    compareAll: stagedComparisonOn(database),
    write: stagedWriterOn(database, dependencies),
    dataVersion: () => dataVersion.get(),
  };
}

/** Runs work on staged records. A failure of the store or the disk becomes a `ProtonFailure` that explains it. */
function explainingFailures<Result>(work: () => Result): Promise<Result> {
  return new Promise<Result>((resolve) => {
    resolve(work());
  }).catch((error: unknown) => {
    throw importFailure(error);
  });
}

/** Writes the staged records into the store, with an event for each change. Runs inside a transaction, after the comparison. */
function stagedWriterOn(database: BetterSqlite3.Database, { now }: ImportDependencies): () => void {
  const columns = CONNECTION_COLUMNS.join(', ');
  const insert = pin(
    database.prepare(
      // In the order of time: half of the indexes then grow at their ends, which is the fastest way to fill them.
      `INSERT INTO connections (${columns}) SELECT ${columns} FROM temp.staged WHERE verdict = 'new' ORDER BY requested_at, id`,
    ),
  );
  const complete = pin(
    database.prepare(
      `UPDATE connections SET codebuild_role_arn = staged.codebuild_role_arn FROM temp.staged AS staged
       WHERE staged.verdict = 'completed' AND connections.id = coalesce(staged.target_id, staged.id)`,
    ),
  );
  const addEvents = pin(
    database.prepare(
      `INSERT INTO connection_events (id, connection_id, type, status, previous_status, actor, occurred_at, snapshot)
       SELECT event_id, coalesce(target_id, id), 'IMPORTED', coalesce(target_status, status),
         CASE verdict WHEN 'completed' THEN coalesce(target_status, status) END, ?, ?,
         CASE verdict WHEN 'new' THEN json_object(${snapshotArguments('staged')}) END
       FROM temp.staged WHERE verdict IN ('new', 'completed') ORDER BY record`,
    ),
  );
  return () => {
    insert.run();
    complete.run();
    addEvents.run(IMPORT_ACTOR, now());
  };
}
