import type BetterSqlite3 from 'better-sqlite3';
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
} from 'kysely';

import type { Database } from './schema';

/**
 * Kysely as a typed builder of SQL, with nothing behind it that runs it: better-sqlite3 is synchronous, and a transaction that
 * never waits can't be interleaved with another.
 */
export const sqlBuilder = new Kysely<Database>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

export interface Statements {
  readonly all: <Row>(query: CompiledQuery<Row>) => Row[];
  readonly get: <Row>(query: CompiledQuery<Row>) => Row | undefined;
  readonly run: (query: CompiledQuery) => void;
}

/** Runs compiled queries, preparing each text once. Filters vary in shape but not without bound, and so does this memory. */
export function statementsOn(database: BetterSqlite3.Database): Statements {
  const prepared = new Map<string, BetterSqlite3.Statement>();

  function prepare<Row>({ sql }: CompiledQuery<Row>): BetterSqlite3.Statement<unknown[], Row> {
    let statement = prepared.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      prepared.set(sql, statement);
    }
    // The type of the rows is Kysely's word, checked by it against the schema.
    return statement as BetterSqlite3.Statement<unknown[], Row>;
  }

  return {
    all: (query) => prepare(query).all(...query.parameters),
    get: (query) => prepare(query).get(...query.parameters),
    run: (query) => void prepare(query).run(...query.parameters),
  };
}
