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
import { asError } from '../../proton/failure';
import { mapFailure } from '../../proton/proton-service';
import { isStoreFailure, readFailure } from './errors';
import { pin } from './pin-native';
import { connectionOf, type ConnectionTuple } from './rows';
import type { ConnectionRow, Database } from './schema';

/**
 * Builds typed SQL with Kysely, but does not run it: better-sqlite3 is synchronous, so that no other work can come into a
 * transaction, and Kysely is asynchronous.
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
  /** Runs a query that selects CONNECTION_COLUMNS. */
  readonly connections: (query: CompiledQuery<ConnectionRow>) => Connection[];
  readonly all: <Row>(query: CompiledQuery<Row>) => Row[];
  readonly get: <Row>(query: CompiledQuery<Row>) => Row | undefined;
  readonly run: (query: CompiledQuery) => void;
}

/** Runs compiled queries, and prepares each text once. The number of texts is bounded: filters have few shapes. */
export function statementsOn(database: BetterSqlite3.Database): Statements {
  const prepare = memoized((text) => pin(database.prepare(text)));
  const prepareTuples = memoized((text) => pin(database.prepare(text).raw(true)));
  // Kysely derives the row types from schema.ts; the driver returns `unknown`.
  return {
    connections: ({ sql, parameters }) =>
      (prepareTuples(sql).all(...parameters) as ConnectionTuple[]).map(connectionOf),
    all: <Row>({ sql, parameters }: CompiledQuery<Row>) => prepare(sql).all(...parameters) as Row[],
    get: <Row>({ sql, parameters }: CompiledQuery<Row>) => prepare(sql).get(...parameters) as Row | undefined,
    run: ({ sql, parameters }) => void prepare(sql).run(...parameters),
  };
}

function memoized<Value>(create: (text: string) => Value): (text: string) => Value {
  const values = new Map<string, Value>();
  return (text) => {
    const known = values.get(text);
    if (known !== undefined) return known;
    const value = create(text);
    values.set(text, value);
    return value;
  };
}

/** Runs a read that returns a value or a promise. @throws ProtonFailure `UNAVAILABLE` when the file can't be read */
export function reading<Returned>(read: () => Returned): Returned {
  return mapFailure(read, (error) => (isStoreFailure(error) ? readFailure(error) : asError(error)));
}
