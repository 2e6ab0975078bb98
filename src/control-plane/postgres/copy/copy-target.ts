import {
  COPY_TABLES,
  CopyRefused,
  type CopyProgress,
  type CopyRow,
  type CopyTable,
  type CopyTableName,
  type CopyTarget,
} from '../../copy/tables';
import { openDatabase, type Database, type DatabaseOptions } from '../database';
import { migrateDatabase } from '../postgres-store';
import type { Session } from '../session';

/**
 * How far a copy is, from which source, and whether all of it was verified. Only copies use it, so it is no step of the schema.
 */
const PROGRESS_TABLE = `CREATE TABLE IF NOT EXISTS copy_progress (
  table_name text NOT NULL PRIMARY KEY, source text NOT NULL, after text, copied bigint NOT NULL,
  verified boolean NOT NULL DEFAULT false)`;

const READ_PROGRESS =
  'SELECT table_name, source, after, copied, verified FROM copy_progress ORDER BY table_name FOR UPDATE';

const START = `INSERT INTO copy_progress (table_name, source, after, copied)
  SELECT name, $1::text, NULL, 0 FROM unnest($2::text[]) AS given(name)
  ON CONFLICT (table_name) DO UPDATE SET source = excluded.source, after = NULL, copied = 0`;

/** Another copy has been here when the number of rows is not the one that this process knows. */
const NOTE_PROGRESS = `UPDATE copy_progress SET after = $1::text, copied = copied + $2::bigint
  WHERE table_name = $3::text AND source = $4::text AND copied = $5::bigint RETURNING copied`;

const NOTE_VERIFIED = 'UPDATE copy_progress SET verified = true WHERE source = $1::text';

/** Tables that a copy leaves empty: nothing is announced as new. */
const EMPTY_TABLES = ['feed', 'unsequenced', 'import_records'];

const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** Rows that a statement reads. */
const BATCH = 5_000;

/**
 * Opens a PostgreSQL database to copy a store into it, and creates the schema there.
 * @throws StoreOpenError, pg's errors
 */
export async function openCopyTarget(options: DatabaseOptions): Promise<CopyTarget> {
  await migrateDatabase(options);
  const database = openDatabase(options);
  try {
    await database.run({ text: PROGRESS_TABLE });
    return targetOn(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

function targetOn(database: Database): CopyTarget {
  const names = COPY_TABLES.map(({ name }) => name);
  const progress = new Map<CopyTableName, CopyProgress>();
  let source = '';

  return {
    begin: (fingerprint) =>
      database.transaction(
        async (session) => {
          const noted = (await session.send({ text: READ_PROGRESS })) as readonly ProgressRow[];
          const copied = new Map(noted.map(([name, , after, rows]) => [name, { after, rows }]));
          const sameSource = noted.every(([, noteOfSource]) => noteOfSource === fingerprint);
          const isVerified = noted.some(([, , , , verified]) => verified);
          if (isVerified && !sameSource) throw new CopyRefused(CHANGED_AFTER_COPY);
          await refuseOtherRows(session, (name) => copied.get(name)?.rows ?? 0);
          source = fingerprint;
          for (const name of names) {
            const { after, rows } = (sameSource ? copied.get(name) : undefined) ?? { after: null, rows: 0 };
            progress.set(name, {
              copied: rows,
              after: after === null ? undefined : (JSON.parse(after) as CopyRow),
            });
          }
          if (noted.length === names.length && sameSource) {
            await session.commit();
            return isVerified ? 'verified' : 'resumed';
          }
          const isEmpty = [...copied.values()].every(({ rows }) => rows === 0);
          const changes = isEmpty ? [] : names.map((name) => session.send({ text: `DELETE FROM ${name}` }));
          await session.commit([...changes, session.send({ text: START, values: [fingerprint, names] })]);
          return isEmpty ? 'new' : 'restarted';
        },
        { unlimited: true },
      ),

    progress: (name) => progress.get(name) ?? { copied: 0, after: undefined },

    async add(name, rows) {
      const table = tableOf(name);
      const { copied } = progress.get(name) ?? { copied: 0 };
      const after = rows.at(-1)?.slice(0, table.keyColumns) ?? [];
      await database.transaction(
        async (session) => {
          const noted = await session.send({
            text: NOTE_PROGRESS,
            values: [JSON.stringify(after), rows.length, name, source, copied],
          });
          if (noted.length === 0)
            throw new CopyRefused('Another process copies into this database. Let it end, or end it.');
          await session.commit([session.send(insertOf(table, rows))]);
        },
        { unlimited: true },
      );
      progress.set(name, { copied: copied + rows.length, after });
    },

    async *rows(name) {
      const table = tableOf(name);
      const { session, end } = await database.begin({ begin: ONE_SNAPSHOT, unlimited: true });
      try {
        let after: CopyRow | undefined;
        for (;;) {
          const page = (await session.send(pageOf(table, after))) as readonly CopyRow[];
          yield* page;
          if (page.length < BATCH) return;
          after = page.at(-1)?.slice(0, table.keyColumns);
        }
      } finally {
        await end();
      }
    },

    finish: () =>
      database.transaction(
        (session) => {
          const queries = [
            ...names.map((name) => ({ text: `ANALYZE ${name}` })),
            { text: NOTE_VERIFIED, values: [source] },
          ];
          return session.commit(queries.map(session.send));
        },
        { unlimited: true },
      ),

    close: database.close,
  };
}

type ProgressRow = readonly [
  name: CopyTableName,
  source: string,
  after: string | null,
  copied: number,
  verified: boolean,
];

/** Servers may have changed rows since, and a copy that begins again would undo that: a revoked access key would be valid again. */
const CHANGED_AFTER_COPY =
  'This database has a copy that was completed and verified, and the file has changed since. Nothing is overwritten: copy into another, empty database.';

/** @throws CopyRefused when a table has other rows than copies have brought */
async function refuseOtherRows(session: Session, copied: (name: CopyTableName) => number): Promise<void> {
  const expected = new Map<string, number>([
    ...COPY_TABLES.map(({ name }) => [name, copied(name)] as const),
    ...EMPTY_TABLES.map((name) => [name, 0] as const),
  ]);
  for (const [name, rows] of expected) {
    const [[count] = [0]] = (await session.send({ text: `SELECT count(*) FROM ${name}` })) as readonly [
      number,
    ][];
    if (count === rows) continue;
    throw new CopyRefused(
      `The table ${name} has ${String(count)} rows, of which a copy has brought ${String(rows)}. Copy into an empty database.`,
    );
  }
}

function tableOf(name: CopyTableName): CopyTable {
  const table = COPY_TABLES.find((one) => one.name === name);
  if (!table) throw new Error(`${name} is not copied`);
  return table;
}

function insertOf({ name, columns }: CopyTable, rows: readonly CopyRow[]) {
  const entries = Object.entries(columns);
  const given = entries.map(
    ([, type], index) => `$${String(index + 1)}::${type === 'bytea' ? 'text' : type}[]`,
  );
  const values = entries.map(([column, type]) => (type === 'bytea' ? `decode(${column}, 'hex')` : column));
  // True while the status is PENDING or CONNECTED, else null.
  const [liveColumn, live] =
    name === 'connections' ? [', live', ", CASE WHEN status <> 'REJECTED' THEN true END"] : ['', ''];
  const all = Object.keys(columns).join(', ');
  return {
    text: `INSERT INTO ${name} (${all}${liveColumn}) SELECT ${values.join(', ')}${live} FROM unnest(${given.join(', ')}) AS given(${all})`,
    values: entries.map((_, index) => rows.map((row) => row[index])),
  };
}

function pageOf({ name, columns, keyColumns }: CopyTable, after: CopyRow | undefined) {
  const entries = Object.entries(columns);
  const selected = entries.map(([column, type]) => (type === 'bytea' ? `encode(${column}, 'hex')` : column));
  const key = entries.slice(0, keyColumns);
  const names = key.map(([column]) => column).join(', ');
  const parameters = key.map(([, type], index) => `$${String(index + 1)}::${type}`).join(', ');
  const where = after ? ` WHERE (${names}) > (${parameters})` : '';
  return {
    text: `SELECT ${selected.join(', ')} FROM ${name}${where} ORDER BY ${names} LIMIT ${String(BATCH)}`,
    ...(after && { values: after }),
  };
}
