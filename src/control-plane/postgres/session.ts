import type pg from 'pg';

import { isLostSession, OutcomeUnknown } from './errors';

/** A statement with its parameters. The text must be one of a few: it is prepared once in each session. */
export interface Query {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Collects the parameters of a query while its text is written. Texts depend on the shape of a query alone, not on its values. */
export class Parameters {
  private readonly collected: unknown[] = [];

  /** Returns the parameter's placeholder, as in `$1::text`. An array of a type is `type[]`. */
  add(value: unknown, type: 'text' | 'text[]' | 'uuid' | 'uuid[]' | 'bigint' | 'bigint[]'): string {
    this.collected.push(value);
    return `$${String(this.collected.length)}::${type}`;
  }

  get values(): readonly unknown[] {
    return this.collected;
  }
}

/** The use of one session by one call. Statements are sent at once, without waiting for the results of earlier ones. */
export interface Session {
  /** Sends the start of a transaction. All that follows fails if it fails. */
  readonly begin: (text: string) => void;
  /** The rows, as arrays. */
  readonly send: (query: Query) => Promise<readonly unknown[]>;
  /** Sends all, and returns the rows of each when all have ended. @throws the error of the first one that failed */
  readonly sendAll: (queries: readonly Query[]) => Promise<readonly (readonly unknown[])[]>;
  /**
   * Sends COMMIT behind the statements that were sent. Resolves when it is durable.
   * @param before results of earlier statements: the error of the first one that failed is the reason
   * @throws OutcomeUnknown when the session is lost meanwhile; any other error means that nothing was committed
   */
  readonly commit: (before?: readonly Promise<unknown>[]) => Promise<void>;
  /** Whether a transaction is open, as far as results have come. */
  readonly isOpen: () => boolean;
  /** Rolls back what is open. @returns whether the session can be used again */
  readonly rollBack: () => Promise<boolean>;
}

export interface SessionOptions {
  /** When to give up, on the clock of `performance.now()`; then the session is closed. */
  readonly until: number;
  readonly prepare: boolean;
  readonly trace: ((statement: string, values: readonly unknown[]) => void) | undefined;
}

/** How long a rollback may take, in milliseconds, before the session is closed instead. */
const ROLLBACK_MS = 1_000;

/** pg reads this member of a query too: it stops waiting then, and closes a session with pipelined statements. */
interface TimedQuery extends pg.QueryArrayConfig {
  readonly query_timeout?: number;
}

export function sessionOn(client: pg.PoolClient, { until, prepare, trace }: SessionOptions): Session {
  function sendWithin({ text, values }: Query, timeoutMs: number) {
    trace?.(text, values ?? []);
    const query: TimedQuery = {
      text,
      ...(values && { values: [...values] }),
      name: values && prepare ? nameOf(text) : undefined,
      rowMode: 'array',
      ...(timeoutMs !== Infinity && { query_timeout: Math.max(1, Math.ceil(timeoutMs)) }),
    };
    const result = client.query(query);
    // Whether a caller waits for this result or for a later one, its rejection is handled.
    result.catch(() => undefined);
    return result;
  }

  /** The result of the statement that began the transaction. */
  let started: Promise<unknown> = Promise.resolve();

  async function sendNow(query: Query) {
    const sent = sendWithin(query, until - performance.now());
    await started;
    return sent;
  }

  async function send(query: Query): Promise<readonly unknown[]> {
    const { rows } = await sendNow(query);
    return rows;
  }

  return {
    begin(text) {
      started = sendWithin({ text }, until - performance.now());
    },
    send,
    sendAll: (queries) => allOf(queries.map(send)),
    async commit(before = []) {
      const committed = sendNow({ text: 'COMMIT' });
      committed.catch(() => undefined);
      await allOf(before).catch((error: unknown) => {
        // The statement's session may be lost although COMMIT has arrived.
        throw isLostSession(error) ? new OutcomeUnknown('', { cause: error }) : error;
      });
      try {
        const { command } = await committed;
        // PostgreSQL answers COMMIT with ROLLBACK when the transaction has failed.
        if (command !== 'COMMIT') throw new Error('the transaction was rolled back');
      } catch (error) {
        throw isLostSession(error) ? new OutcomeUnknown('', { cause: error }) : error;
      }
    },
    isOpen: () => client.getTransactionStatus() !== 'I',
    async rollBack() {
      try {
        await sendWithin({ text: 'ROLLBACK' }, ROLLBACK_MS);
        return client.getTransactionStatus() === 'I';
      } catch {
        return false;
      }
    },
  };
}

/** Waits for all, and throws the first one's error: later statements of a failed transaction fail because of it. */
export async function allOf<Result>(results: readonly Promise<Result>[]): Promise<readonly Result[]> {
  const settled = await Promise.allSettled(results);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason as Error;
    return result.value;
  });
}

const names = new Map<string, string>();

/**
 * The most statements that are prepared. Clients choose how lists are filtered, so there are thousands of texts, and every session of
 * the server keeps the plan of each prepared one in its memory.
 */
const MAX_PREPARED = 256;

/** How often a text is sent before it is prepared, so that rare ones don't use up the names. */
const USES_BEFORE = 5;
/** The most texts whose uses are counted. Then counting starts again. */
const MAX_COUNTED = 1_024;
const uses = new Map<string, number>();

/** The name of a prepared statement; undefined for one that is planned each time. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_PREPARED) return known;
  const count = (uses.get(text) ?? 0) + 1;
  if (count <= USES_BEFORE) {
    if (uses.size >= MAX_COUNTED) uses.clear();
    uses.set(text, count);
    return undefined;
  }
  uses.delete(text);
  const name = `proton_${String(names.size)}`;
  names.set(text, name);
  return name;
}
