import { randomUUID } from 'node:crypto';

import type BetterSqlite3 from 'better-sqlite3';

import type { ImportOutcome, ImportParts, ImportRecord, ImportStore } from '../../import/import-store';
import { judgeAgainstEarlier } from '../../import/compare-record';
import { againstEarlierLive, againstEarlierWish } from '../../import/compare-declaration';
import { nameOfPlace, Refusals } from '../../import/refusals';
import { moveFailure } from '../import-failures';
import { importJudgeOn } from './compare-staged';
import { stagingOn, type StagedRecord } from './staging';
import { importWriterOn } from './import-writer';
import { keep } from '../pin-native';
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
  const dataVersion = keep(database.prepare('PRAGMA data_version').pluck(true));
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
    throw moveFailure(error);
  });
}
