import type BetterSqlite3 from 'better-sqlite3';
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
} from 'kysely';

import type { Connection } from '../../proton/connection';
import { isStoreFailure, readFailure } from './errors';
import { keep } from './pin-native';
import { connectionOf, type ConnectionTuple } from './rows';
import type { ConnectionRow, Database } from './schema';

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
  /** The connections that a query of CONNECTION_COLUMNS finds. */
  readonly connections: (query: CompiledQuery<ConnectionRow>) => Connection[];
  readonly all: <Row>(query: CompiledQuery<Row>) => Row[];
  readonly get: <Row>(query: CompiledQuery<Row>) => Row | undefined;
  readonly run: (query: CompiledQuery) => void;
}

/** Runs compiled queries, preparing each text once. Filters vary in shape but not without bound, and so does this memory. */
export function statementsOn(database: BetterSqlite3.Database): Statements {
  const prepare = remembering((text) => keep(database.prepare(text)));
  const prepareTuples = remembering((text) => keep(database.prepare(text).raw(true)));
  // The types of the rows are Kysely's word, checked by it against the schema; the driver's own are unknown.
  return {
    connections: ({ sql, parameters }) =>
      (prepareTuples(sql).all(...parameters) as ConnectionTuple[]).map(connectionOf),
    all: <Row>({ sql, parameters }: CompiledQuery<Row>) => prepare(sql).all(...parameters) as Row[],
    get: <Row>({ sql, parameters }: CompiledQuery<Row>) => prepare(sql).get(...parameters) as Row | undefined,
    run: ({ sql, parameters }) => void prepare(sql).run(...parameters),
  };
}

function remembering<Value>(make: (text: string) => Value): (text: string) => Value {
  const made = new Map<string, Value>();
  return (text) => {
    const known = made.get(text);
    if (known !== undefined) return known;
    const value = make(text);
    made.set(text, value);
    return value;
  };
}

/** Starts a read at once. @throws ProtonFailure `UNAVAILABLE` when the file can't be read */
export async function reading<Result>(read: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw isStoreFailure(error) ? readFailure(error) : error;
  }
}
