import { asError, ProtonFailure } from '../../proton/failure';
import { readFailure, StoreError, writeFailure } from '../store-errors';

/** What can be wrong with a database server as a whole. */
export type PostgresErrorKind =
  | 'unreachable'
  | 'refused'
  | 'busy'
  | 'slow'
  | 'read-only'
  | 'full'
  | 'memory'
  | 'failing'
  | 'rights'
  | 'schema'
  | 'closed';

/** For the operator: what is wrong and how to fix it. They name no host and no database. */
const MESSAGES: Readonly<Record<PostgresErrorKind, string>> = {
  unreachable:
    'The database server does not respond, or has ended the connection. Check that it runs and can be reached.',
  refused: 'The database server refuses the user or the database of DATABASE_URL.',
  busy: 'No connection to the database is free. If this lasts, raise DATABASE_POOL_SIZE, or the limit of the database server.',
  slow: 'The database did not respond in time, or another session holds a lock.',
  'read-only':
    'The database server is a read-only standby, or its transactions are read-only. Let DATABASE_URL point to the primary.',
  full: 'There is no space left for the database. Make some.',
  memory: 'The database server has not enough memory.',
  failing: 'The database server reports an error of its disk or of itself. See to its log.',
  rights: "The database's user lacks a right on a table. Grant it.",
  schema: 'A table or a column is missing. Run `npx proton-subgraph migrate`.',
  closed: 'The store is closed.',
};

/** What SQLSTATE classes and the codes of Node.js mean. The first row that matches counts. */
const KNOWN_CODES: readonly (readonly [RegExp, PostgresErrorKind])[] = [
  // 25P03: the session was idle in a transaction for too long, and the server has ended it.
  [/^(?:08|57P0[1-5]|25P03)/, 'unreachable'],
  [/^42501/, 'rights'],
  [/^(?:28|3D000)/, 'refused'],
  [/^(?:53300|53400)/, 'busy'],
  [/^(?:57014|55P03)/, 'slow'],
  [/^25006/, 'read-only'],
  [/^53100/, 'full'],
  [/^53200/, 'memory'],
  [/^(?:53|58|XX|F0)/, 'failing'],
  [/^(?:42P01|42703|3F000)/, 'schema'],
  [/^E[A-Z_]{2,}$/, 'unreachable'],
  [/^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/, 'unreachable'],
];

/** The errors that pg makes without a code. */
const KNOWN_MESSAGES: readonly (readonly [RegExp, PostgresErrorKind])[] = [
  [/^Query read timeout/, 'slow'],
  [/^Cannot use a pool after calling end/, 'closed'],
  [/^(?:Connection terminated|timeout expired|Client (?:has encountered|was closed))/, 'unreachable'],
  [/^The server does not support SSL|^SCRAM-SERVER|^SASL/, 'refused'],
];

/** The database server as a whole fails, and not one statement. */
export class PostgresStoreError extends StoreError {
  constructor(
    readonly kind: PostgresErrorKind,
    cause?: unknown,
  ) {
    const code = codeOf(cause);
    super(code === '' ? MESSAGES[kind] : `${MESSAGES[kind]} (${code})`, { cause });
  }
}

/** The PostgresStoreError for an error of pg; undefined when the error is not about the server. */
export function storeErrorOf(error: unknown): PostgresStoreError | undefined {
  if (error instanceof PostgresStoreError) return error;
  const code = codeOf(error);
  const known =
    code === ''
      ? KNOWN_MESSAGES.find(([messages]) => messages.test(messageOf(error)))
      : KNOWN_CODES.find(([codes]) => codes.test(code));
  return known && new PostgresStoreError(known[1], error);
}

/** By its shape: an error of Node.js may belong to another realm under Jest. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
}

/** Whether pg's pool had no session in time, neither a free one nor a new one. */
export function isPoolTimeout(error: unknown): boolean {
  return messageOf(error).startsWith('timeout exceeded when trying to connect');
}

/** The SQLSTATE of an error, or Node's code; empty for any other error. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** Another transaction was in the way: the same one may succeed when it is repeated. */
export function isConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error));
}

/** Another transaction holds a lock, for longer than this one waits. */
export function isLocked(error: unknown): boolean {
  return codeOf(error) === '55P03';
}

/** Another transaction may have written the row that is unique meanwhile. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === '23505';
}

/** The transaction has been sent to commit, and the session was lost before the answer came. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** Whether the session is gone: the outcome of what it was doing is unknown. */
export function isLostSession(error: unknown): boolean {
  if (error instanceof OutcomeUnknown) return true;
  const kind = storeErrorOf(error)?.kind;
  return kind === 'unreachable' || (kind === 'slow' && codeOf(error) === '');
}

/** Runs a read. @throws ProtonFailure `UNAVAILABLE` when the database can't be read */
export async function reading<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    // A standby cancels reads that are in the way of what it must repeat.
    return await read().catch((error: unknown) => {
      if (!isConflict(error)) throw error;
      return read();
    });
  } catch (error) {
    throw isConflict(error) ? readFailure(error) : unavailable(error, readFailure);
  }
}

/** Runs a write of the access keys or an import. @throws ProtonFailure `UNAVAILABLE` when it can't be committed */
export async function writing<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    throw unavailable(error, writeFailure);
  }
}

/** The failure for an error of the server; any other error stays, because it is a bug. */
export function unavailable(error: unknown, failure: (cause: unknown) => ProtonFailure): Error {
  if (error instanceof ProtonFailure) return error;
  const storeError = storeErrorOf(error);
  return storeError ? failure(storeError) : asError(error);
}
