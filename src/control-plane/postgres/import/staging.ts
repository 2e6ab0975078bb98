import type { ConnectionView } from '../../../proton/connection';
import { CONNECTION_COLUMNS, identityKeyOf, rowOf } from '../../connection-rows';
import type { ImportDependencies, ImportRecord } from '../../import/import-store';
import {
  STAGED_COLUMNS,
  stagedRecordOf,
  viewOf,
  type StagedRecord,
  type StagedTuple,
} from '../../import/staged-records';
import type { Database } from '../database';
import type { Query } from '../session';

const STAGED = STAGED_COLUMNS.map((column) => `staged.${column}`).join(', ');

/** Skips a record whose id or live identity an earlier one has. Returns the numbers of the others. */
const STAGE = `INSERT INTO import_records (import_id, staged_at, verdict, ${STAGED_COLUMNS.join(', ')}, live, event_id)
  SELECT $1::uuid, $2::bigint, 'new', given.*
  FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::boolean[], $8::boolean[], $9::uuid[], $10::text[], $11::text[],
    $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::text[],
    $21::boolean[], $22::uuid[]) AS given(record)
  ORDER BY given.record
  ON CONFLICT DO NOTHING RETURNING record`;

const EARLIER = `SELECT ${STAGED} FROM import_records AS staged WHERE staged.import_id = $1::uuid AND staged.id = ANY ($2::uuid[])
  UNION ALL
  SELECT ${STAGED}
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS given(account, region, management, environment)
  JOIN import_records AS staged ON staged.import_id = $1::uuid AND staged.environment_account_id = given.account
    AND staged.region = given.region AND staged.management_account_id = given.management
    AND staged.environment_name = given.environment AND staged.live = true`;

const REPLACE = `UPDATE import_records AS staged SET codebuild_role_arn = given.codebuild, codebuild_known = given.codebuild_known,
    tags = given.tags, tags_known = given.tags_known
  FROM unnest($2::bigint[], $3::text[], $4::boolean[], $5::text[], $6::boolean[])
    AS given(record, codebuild, codebuild_known, tags, tags_known)
  WHERE staged.import_id = $1::uuid AND staged.record = given.record`;

/** How long records may stay behind when the process of their import has ended, in milliseconds: a day. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** A record that meets an earlier one of its file. */
export interface Meeting {
  readonly record: ImportRecord;
  readonly earlier: StagedRecord;
}

/** The records of one import, in a table. They are not in one session's own table, because a pool gives a session to each call. */
export interface Staging {
  /** Adds records. Returns those that have the id or the live identity of an earlier one, which are not added. */
  readonly put: (records: readonly ImportRecord[]) => Promise<readonly Meeting[]>;
  /** Replaces the CodeBuild roles and the tags of staged records. */
  readonly replace: (replaced: ReadonlyMap<StagedRecord, ConnectionView>) => Promise<void>;
  readonly clear: () => Promise<void>;
}

export function stagingOn(database: Database, importId: string, dependencies: ImportDependencies): Staging {
  const { now, newId } = dependencies;

  async function commit(query: Query): Promise<readonly unknown[]> {
    return database.transaction(
      async (session) => {
        const rows = session.send(query);
        await session.commit([rows]);
        return rows;
      },
      { unlimited: true },
    );
  }

  return {
    async put(records) {
      const staged = records.map((record) => ({ record, view: viewOf(record, dependencies) }));
      const rows = staged.map(({ view }) => rowOf({ codebuildRoleArn: null, tags: [], ...view }));
      const added = (await commit({
        text: STAGE,
        values: [
          importId,
          now(),
          records.map(({ location }) => location.record),
          records.map(({ location }) => location.logicalId ?? null),
          records.map(({ location }) => location.line ?? null),
          records.map(({ kind }) => kind),
          staged.map(({ view }) => view.codebuildRoleArn !== undefined),
          staged.map(({ view }) => view.tags !== undefined),
          ...CONNECTION_COLUMNS.map((column) => rows.map((row) => row[column])),
          rows.map(({ status }) => (status === 'REJECTED' ? null : true)),
          records.map(() => newId()),
        ],
      })) as readonly [number][];
      const numbers = new Set(added.map(([number]) => number));
      const others = staged.filter(({ record }) => !numbers.has(record.location.record));
      if (others.length === 0) return [];
      const find = earlierOnes(
        (await database.run({
          text: EARLIER,
          values: [
            importId,
            others.map(({ view }) => view.id),
            others.map(({ view }) => view.environmentAccountId),
            others.map(({ view }) => view.region),
            others.map(({ view }) => view.managementAccountId),
            others.map(({ view }) => view.environmentName),
          ],
        })) as readonly StagedTuple[],
      );
      return others.map(({ record, view }) => ({ record, earlier: find(record, view) }));
    },

    async replace(replaced) {
      if (replaced.size === 0) return;
      const all = [...replaced];
      await commit({
        text: REPLACE,
        values: [
          importId,
          all.map(([{ location }]) => location.record),
          all.map(([, { codebuildRoleArn }]) => codebuildRoleArn ?? null),
          all.map(([, { codebuildRoleArn }]) => codebuildRoleArn !== undefined),
          all.map(([, { tags }]) => JSON.stringify(tags ?? [])),
          all.map(([, { tags }]) => tags !== undefined),
        ],
      });
    },

    async clear() {
      await commit({
        text: 'DELETE FROM import_records WHERE import_id = $1::uuid OR staged_at < $2::bigint',
        values: [importId, now() - ABANDONED_MS],
      });
    },
  };
}

/** Finds the earlier record of a later one: by its id, or else by its identity. */
function earlierOnes(
  rows: readonly StagedTuple[],
): (record: ImportRecord, view: ConnectionView) => StagedRecord {
  const byId = new Map<string, StagedRecord>();
  const byIdentity = new Map<string, StagedRecord>();
  for (const row of rows) {
    const staged = stagedRecordOf(row);
    const known = byId.get(staged.connection.id) ?? staged;
    byId.set(staged.connection.id, known);
    if (staged.connection.status !== 'REJECTED') byIdentity.set(identityKeyOf(staged.connection), known);
  }
  return ({ location }, view) => {
    const earlier = byId.get(view.id) ?? byIdentity.get(identityKeyOf(view));
    if (!earlier) throw new Error(`record ${String(location.record)} was staged twice`);
    return earlier;
  };
}
