import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from '../../connection-rows';
import type { ImportCounts, Refusals } from '../../import/import-store';
import {
  compareDeclared,
  compareSameId,
  compareSameIdentity,
  STAGED_COLUMNS,
  stagedRecordOf,
  type Comparison,
  type StagedTuple,
  type Verdict,
} from '../../import/staged-records';
import type { Session } from '../session';
import { sameIdentity } from '../writes/facts';

/** Records that a statement compares. */
const BATCH = 1_000;

const STAGED = STAGED_COLUMNS.map((column) => `staged.${column}`).join(', ');
const STORED = CONNECTION_COLUMNS.join(', ');
const SAME_IDENTITY = sameIdentity(
  'staged.environment_account_id',
  'staged.region',
  'staged.management_account_id',
  'staged.environment_name',
);

const LAST = 'SELECT coalesce(max(record), 0) FROM import_records WHERE import_id = $1::uuid';

/**
 * The next records, each with the stored connections that it must be compared with. A range of numbers and not a limit: without
 * statistics of the new rows, the planner might read all of them for each statement.
 */
const RECORDS = `SELECT staged.verdict, ${STAGED}, same_id.*, live.*, rejected.*
  FROM (
    SELECT * FROM import_records
    WHERE import_id = $1::uuid AND record > $2::bigint AND record <= $2::bigint + ${String(BATCH)}
  ) AS staged
  LEFT JOIN LATERAL (SELECT ${STORED} FROM connections WHERE id = staged.id LIMIT 1) AS same_id
    ON staged.kind = 'connection'
  LEFT JOIN LATERAL (SELECT ${STORED} FROM connections WHERE ${SAME_IDENTITY} AND live = true LIMIT 1) AS live
    ON staged.live
  LEFT JOIN LATERAL (
    SELECT ${STORED} FROM connections WHERE ${SAME_IDENTITY} AND live IS NULL
    ORDER BY requested_at DESC, id DESC LIMIT 1
  ) AS rejected ON staged.kind = 'declaration'
  ORDER BY staged.record`;

const SET_VERDICTS = `UPDATE import_records AS staged SET verdict = given.verdict, target_id = given.target_id
  FROM unnest($2::bigint[], $3::text[], $4::uuid[]) AS given(record, verdict, target_id)
  WHERE staged.import_id = $1::uuid AND staged.record = given.record
    AND staged.record > $5::bigint AND staged.record <= $5::bigint + ${String(BATCH)}`;

type Stored = ConnectionTuple | readonly null[];

/**
 * Compares every staged record with the store, sets its verdict, collects the refusals and counts the others. It runs in a
 * transaction, and may run several times.
 */
export async function compareStaged(
  session: Session,
  importId: string,
  refusals: Refusals,
): Promise<ImportCounts> {
  const counts = { new: 0, completed: 0, unchanged: 0, refused: 0 };
  const [[last] = [0]] = (await session.send({ text: LAST, values: [importId] })) as readonly [number][];
  for (let after = 0; after < last; after += BATCH) {
    const rows = (await session.send({ text: RECORDS, values: [importId, after] })) as readonly (readonly [
      Verdict,
      ...unknown[],
    ])[];
    const compared = rows.map(compareRow);
    for (const { verdict, refusal } of compared) {
      counts[verdict] += 1;
      if (refusal) refusals.add(refusal);
    }
    const changed = compared.filter(({ verdict, before }) => verdict !== 'new' || before !== 'new');
    if (changed.length > 0) {
      await session.send({
        text: SET_VERDICTS,
        values: [
          importId,
          changed.map(({ record }) => record),
          changed.map(({ verdict }) => verdict),
          changed.map(({ target }) => target?.id ?? null),
          after,
        ],
      });
    }
  }
  return { new: counts.new, completed: counts.completed, unchanged: counts.unchanged };
}

function compareRow([before, ...values]: readonly [Verdict, ...unknown[]]): Comparison & {
  readonly record: number;
  readonly before: Verdict;
} {
  // The statement selects exactly these columns, in this order.
  const width = CONNECTION_COLUMNS.length;
  const storedAt = STAGED_COLUMNS.length;
  const staged = stagedRecordOf(values.slice(0, storedAt) as unknown as StagedTuple);
  const [sameId, live, rejected] = [0, 1, 2].map((index) =>
    storedOf(values.slice(storedAt + index * width, storedAt + (index + 1) * width) as unknown as Stored),
  );
  const compare = (): Comparison => {
    if (staged.kind === 'declaration') return compareDeclared(staged, live, live ? undefined : rejected);
    if (sameId) return compareSameId(staged, sameId);
    return live ? compareSameIdentity(staged, live) : { verdict: 'new' };
  };
  return { ...compare(), record: staged.location.record, before };
}

function storedOf(columns: Stored) {
  return columns[0] === null ? undefined : connectionOf(columns as ConnectionTuple);
}
