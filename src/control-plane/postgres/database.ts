import pg from 'pg';

import type { PoolCounts } from '../store';
import { isLostSession, isPoolTimeout, PostgresStoreError, storeErrorOf } from './errors';
import { type Query, type Session, sessionOn } from './session';

/** Where the database is, and how to log in. */
export interface PostgresConnection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  /** TLS options of Node.js; false for none. */
  readonly ssl: pg.ClientConfig['ssl'];
}

export interface DatabaseOptions {
  readonly connection: PostgresConnection;
  /** The most sessions at a time. */
  readonly poolSize: number;
  /** How long a statement may run, in milliseconds. A call ends `GRACE_MS` later at the latest, even if the server is frozen. */
  readonly timeoutMs: number;
  /** Whether statements are prepared. A proxy that gives each transaction another session may not support it. */
  readonly prepare: boolean;
  /** Receives the text of every statement that is sent, and its parameters. */
  readonly trace?: ((statement: string, values: readonly unknown[]) => void) | undefined;
}

/** How much longer than the statement timeout this process waits, so that the server normally ends the statement itself. */
const GRACE_MS = 250;

/**
 * Cuts the statement timeout, so that what can't be done in the time of a request is answered by then.
 * @returns milliseconds: 500 less than the request has, but at least half of its time, for a request that has little
 */
export function statementTimeout(timeoutMs: number, executionMs: number): number {
  const longest = Math.max(executionMs - 2 * GRACE_MS, Math.ceil(executionMs / 2));
  return Math.min(timeoutMs, longest);
}

/**
 * How long the server lets a transaction wait for its client, in milliseconds. A process that is frozen in a transaction loses its
 * locks then. It is less than a statement may take, so that writes of other processes that wait for these locks still succeed.
 */
const IDLE_IN_TRANSACTION_MS = 1_000;

/** How often the sessions may be replaced, in milliseconds. */
const RENEWAL_MS = 1_000;

/** An idle session is closed after this time, in milliseconds. */
const IDLE_SESSION_MS = 60_000;

const KEEP_ALIVE_MS = 10_000;

export interface TransactionOptions {
  /** When this process stops waiting, on the clock of `performance.now()`; by default, after `timeoutMs` and `GRACE_MS`. */
  readonly deadline?: number | undefined;
  /** How long a statement waits for a lock, in milliseconds; by default, as long as it may run. */
  readonly lockTimeoutMs?: number | undefined;
  /** Whether the server may be a standby for good. Then its sessions are kept when it refuses to write. */
  readonly mayBeReadOnly?: boolean | undefined;
  /** `BEGIN`, by default, and what follows it. */
  readonly begin?: string | undefined;
  /**
   * Whether statements may take any time: for imports, exports and changes of the schema. Between statements a transaction has no more
   * time than others, so that a process that is frozen in it loses its locks.
   */
  readonly unlimited?: boolean | undefined;
}

/** A session in use. */
export interface OpenSession {
  readonly session: Session;
  /**
   * Rolls back what is open, and gives the session back. That may take a second, and does not fail.
   * @param failure the error that ended its use
   */
  readonly end: (failure?: unknown) => Promise<void>;
}

export interface Database {
  /** Runs queries that only read, one after another, and returns the rows of each. They may see different snapshots. */
  readonly read: (queries: readonly Query[]) => Promise<readonly (readonly unknown[])[]>;
  /** Runs one statement that is a transaction of its own, and returns its rows. */
  readonly run: (
    query: Query,
    options?: Pick<TransactionOptions, 'mayBeReadOnly'>,
  ) => Promise<readonly unknown[]>;
  /**
   * Runs work in a transaction. The work must commit it; otherwise it is rolled back.
   * @throws pg's errors, PostgresStoreError
   */
  readonly transaction: <Result>(
    work: (session: Session) => Promise<Result>,
    options?: TransactionOptions,
  ) => Promise<Result>;
  /** Runs one statement that can't be in a transaction, for any time. */
  readonly runOutsideTransaction: (text: string) => Promise<void>;
  /** Begins a transaction, for reading that its caller interrupts: for any time if it is `unlimited`. It must be ended. */
  readonly begin: (options?: TransactionOptions) => Promise<OpenSession>;
  /** When a call that starts now must have ended, on the clock of `performance.now()`. */
  readonly deadline: () => number;
  readonly counts: () => PoolCounts;
  readonly close: () => Promise<void>;
}

export function openDatabase(options: DatabaseOptions): Database {
  const { timeoutMs, prepare } = options;
  const pool = openPool(options);
  /** Sessions that were opened before this are replaced. On the clock of `performance.now()`, like the next. */
  let renewedAt = -Infinity;
  const openedAt = new WeakMap<pg.PoolClient, number>();
  /** When the server has last answered. */
  let answeredAt = -Infinity;
  pool.on('connect', (client) => {
    answeredAt = performance.now();
    openedAt.set(client, answeredAt);
  });

  const deadline = () => performance.now() + timeoutMs + GRACE_MS;

  /**
   * Replaces all sessions. A server that has become a standby keeps its sessions, and new ones ask the name server or the proxy again
   * where the primary is. After a host has vanished, each of its sessions would have to time out otherwise.
   */
  function renew(): void {
    if (performance.now() - renewedAt >= RENEWAL_MS) renewedAt = performance.now();
  }

  /**
   * Why no session came in time. A server that works ends each statement within `timeoutMs`, so one that has ended none for longer does
   * not respond, although sessions are in use.
   */
  function noSession(): PostgresStoreError {
    const isAnswering = performance.now() - answeredAt < timeoutMs + GRACE_MS;
    return new PostgresStoreError(
      isAnswering && pool.totalCount >= options.poolSize ? 'busy' : 'unreachable',
    );
  }

  async function takeClient(until: number): Promise<pg.PoolClient> {
    for (;;) {
      const client = await connect(pool, until, noSession);
      if ((openedAt.get(client) ?? 0) > renewedAt) return client;
      client.release(true);
    }
  }

  async function openSession(until: number, mayBeReadOnly = false): Promise<OpenSession> {
    const client = await takeClient(until);
    const session = sessionOn(client, { until, prepare, trace: options.trace });
    return {
      session,
      async end(error) {
        const isLost = isLostSession(error);
        if (!isLost) answeredAt = performance.now();
        if (isLost || (!mayBeReadOnly && storeErrorOf(error)?.kind === 'read-only')) renew();
        // After a failure a transaction may be open, or the session may be lost.
        const isClean = (error === undefined && !session.isOpen()) || (await session.rollBack());
        client.release(!isClean);
      },
    };
  }

  async function withSession<Result>(
    opening: Promise<OpenSession>,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    const { session, end } = await opening;
    let failure: unknown;
    try {
      return await work(session);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      // The result does not depend on it, and it may take until after the deadline.
      void end(failure);
    }
  }

  async function begin({
    deadline: until = deadline(),
    begin = 'BEGIN',
    unlimited = false,
    lockTimeoutMs,
    mayBeReadOnly,
    idleMs = IDLE_IN_TRANSACTION_MS,
  }: TransactionOptions & { readonly idleMs?: number } = {}): Promise<OpenSession> {
    const open = await openSession(unlimited ? Infinity : until, mayBeReadOnly);
    const limits = [
      `SET LOCAL statement_timeout = ${String(unlimited ? 0 : timeoutMs)}`,
      `SET LOCAL idle_in_transaction_session_timeout = ${String(idleMs)}`,
      ...(lockTimeoutMs === undefined ? [] : [`SET LOCAL lock_timeout = ${String(lockTimeoutMs)}`]),
    ];
    open.session.begin([begin, ...limits].join('; '));
    return open;
  }

  /** Without prepared statements there is a proxy, which may not pass on a session's timeouts: then a transaction sets them. */
  function readAll(
    queries: readonly Query[],
    { mayBeReadOnly }: Pick<TransactionOptions, 'mayBeReadOnly'> = {},
  ): Promise<readonly (readonly unknown[])[]> {
    if (prepare)
      return withSession(openSession(deadline(), mayBeReadOnly), (session) => session.sendAll(queries));
    return withSession(begin({ mayBeReadOnly }), async (session) => {
      const results = session.sendAll(queries);
      await session.commit([results]);
      return results;
    });
  }

  return {
    read: (queries) => readAll(queries),
    async run(query, runOptions) {
      const [rows = []] = await readAll([query], runOptions);
      return rows;
    },
    // Without prepared statements there is a proxy, and its sessions have no timeout to lift.
    runOutsideTransaction: (text) =>
      withSession(openSession(Infinity), async (session) => {
        const texts = prepare ? ['SET statement_timeout = 0', text, 'RESET statement_timeout'] : [text];
        await session.sendAll(texts.map((each) => ({ text: each })));
      }),
    transaction: (work, transactionOptions) => withSession(begin(transactionOptions), work),
    // Its caller may pause for any time, so it must not lock rows of writes.
    begin: (transactionOptions) =>
      begin({ ...transactionOptions, ...(transactionOptions?.unlimited && { idleMs: 0 }) }),
    deadline,
    counts: () => ({
      size: pool.totalCount,
      idle: pool.idleCount,
      // The pool hands an idle session to a waiting call in the next turn.
      waiting: Math.max(0, pool.waitingCount - pool.idleCount),
    }),
    close: () => pool.end(),
  };
}

function openPool({ connection, poolSize, timeoutMs, prepare }: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    application_name: 'proton-subgraph',
    max: poolSize,
    idleTimeoutMillis: IDLE_SESSION_MS,
    connectionTimeoutMillis: timeoutMs + GRACE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    pipeline: true,
    types,
    ...(prepare && {
      statement_timeout: timeoutMs,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    }),
  });
  // pg emits an error on a session that ends, whether it is in use or idle, and an error without a listener ends the process. The
  // calls in progress fail by themselves, and the pool replaces the session.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined);
  return pool;
}

const INT8 = 20;

/** Counts and times are integers below 2^53; pg reads them as text by default. */
const types = new pg.TypeOverrides();
types.setTypeParser(INT8, Number);

/** @throws `late()` when no session is free in time; PostgresStoreError `slow` when there is no time; pg's error when none can be opened */
function connect(pool: pg.Pool, until: number, late: () => Error): Promise<pg.PoolClient> {
  const left = until - performance.now();
  if (left <= 0) return Promise.reject(new PostgresStoreError('slow'));
  const connecting = pool.connect().catch((error: unknown) => {
    throw isPoolTimeout(error) ? late() : error;
  });
  if (left === Infinity) return connecting;
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(late());
    }, left);
    connecting
      .then((client) => {
        if (isLate) client.release();
        else resolve(client);
      })
      .catch(reject)
      .finally(() => {
        clearTimeout(timer);
      });
  });
}
