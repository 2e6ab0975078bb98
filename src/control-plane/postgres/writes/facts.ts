import type { Connection } from '../../../proton/connection';
import type { ConnectionId } from '../../../proton/identifiers';
import { connectionOf, type ConnectionTuple } from '../../connection-rows';
import type { ChangeWrite, CreateWrite, Visibility, Write } from '../../store';
import { COLUMNS } from '../queries/lists';
import { allOf, type Query, type Session } from '../session';

/** What the writes of a group depend on, read under the locks that keep it true until the commit. */
export interface Facts {
  /** By the index of a create: the connection that was created with the same token. */
  readonly earlier: ReadonlyMap<number, { readonly fingerprint: string; readonly id: ConnectionId }>;
  /** By the index of a create: the live connection with the same identity. */
  readonly live: ReadonlyMap<number, ConnectionId>;
  /** By the index of a change: the connection, if the viewer may see it. */
  readonly current: ReadonlyMap<number, ConnectionId>;
  /** All connections above. */
  readonly connections: ReadonlyMap<ConnectionId, StoredVersion>;
  /** By `scopeKey`: the connections of the scopes of creates. */
  readonly scopes: ReadonlyMap<string, ScopeCount>;
  /** Which of the events that may have been committed by an earlier attempt were committed. */
  readonly committed: ReadonlySet<string>;
}

/** A connection, and the number of its newest event. */
export interface StoredVersion {
  readonly connection: Connection;
  readonly version: number;
}

/** An environment account in a Region. The quota and client tokens are within one. */
export interface Scope {
  readonly environmentAccountId: string;
  readonly region: string;
}

export interface ScopeCount {
  /** The connections in the scope, or a greater number that is below the limit of each create of the group. */
  readonly count: number;
  /** A number that is not smaller than the connections in the scope; null when none is known. */
  readonly atMost: number | null;
}

export function scopeKey({ environmentAccountId, region }: Scope): string {
  return `${environmentAccountId}/${region}`;
}

/**
 * The condition for the connections of an identity, as in `account, region, management, name`. The name is a range of one value: the
 * planner takes a value of which it knows nothing for a rare one, and might read all connections of a name that is everywhere. With a
 * range it takes the unique index of identities, which has the name behind three other columns.
 */
export function sameIdentity(account: string, region: string, management: string, name: string): string {
  return `connections.environment_account_id = ${account} AND connections.region = ${region}
    AND connections.management_account_id = ${management} AND connections.environment_name BETWEEN ${name} AND ${name}`;
}

const SCOPE_ROWS = `INSERT INTO account_scopes (environment_account_id, region)
  SELECT account, region FROM unnest($1::text[], $2::text[]) AS scope(account, region) ORDER BY account, region
  ON CONFLICT DO NOTHING`;

const LOCKED_SCOPES = `SELECT environment_account_id, region, connections FROM account_scopes
  WHERE (environment_account_id, region) IN (SELECT * FROM unnest($1::text[], $2::text[]))
  ORDER BY environment_account_id, region FOR UPDATE`;

/** The connections of each scope, up to a limit, where the number in its row does not show that all creates fit. */
const COUNTED_SCOPES = `SELECT scope.account, scope.region, (
    SELECT count(*) FROM (
      SELECT 1 FROM connections
      WHERE environment_account_id = scope.account AND region = scope.region LIMIT scope.row_limit
    ) AS counted
  )
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS scope(account, region, fitting, row_limit)
  JOIN account_scopes AS known ON known.environment_account_id = scope.account AND known.region = scope.region
  WHERE known.connections IS NULL OR known.connections > scope.fitting`;

const CREATED_EARLIER = `SELECT asked.number, token.fingerprint, found.*
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY
    AS asked(account, region, token, expired_at, number)
  CROSS JOIN LATERAL (
    SELECT fingerprint, connection_id FROM client_tokens
    WHERE environment_account_id = asked.account AND region = asked.region AND token = asked.token
      AND created_at > asked.expired_at
    LIMIT 1
  ) AS token
  CROSS JOIN LATERAL (
    SELECT version, ${COLUMNS} FROM connections WHERE id = token.connection_id LIMIT 1
  ) AS found`;

const LIVE = `SELECT asked.number, found.*
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS asked(account, region, management, environment, number)
  CROSS JOIN LATERAL (
    SELECT version, ${COLUMNS} FROM connections
    WHERE ${sameIdentity('asked.account', 'asked.region', 'asked.management', 'asked.environment')} AND live = true
    LIMIT 1
  ) AS found`;

/** A connection that the viewer may not see is not locked, so that waiting for its lock does not reveal it. */
const LOCKED_CONNECTIONS = `SELECT asked.number, connections.version, ${COLUMNS}
  FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked(id, accounts, number)
  JOIN connections ON connections.id = asked.id
  WHERE asked.accounts IS NULL
    OR connections.management_account_id = ANY (string_to_array(asked.accounts, ','))
    OR connections.environment_account_id = ANY (string_to_array(asked.accounts, ','))
  ORDER BY connections.id FOR UPDATE OF connections`;

const COMMITTED = 'SELECT id FROM connection_events WHERE id = ANY ($1::uuid[])';

/**
 * Locks and reads the facts of a group.
 *
 * Every transaction takes its locks in the same order: the scopes of creates, sorted, then the connections of changes, sorted. So
 * transactions of this store don't wait for each other in a circle. Each statement that reads comes after the one that locks: it sees
 * what was committed before the lock was taken.
 * @param inDoubt the ids of events that an earlier attempt may have committed. That attempt held the same locks, so it has ended.
 */
export async function readFacts(
  session: Session,
  writes: readonly Write[],
  inDoubt: readonly string[],
): Promise<Facts> {
  const creates = indexed(writes, (write): write is CreateWrite => write.kind === 'create');
  const changes = indexed(writes, (write): write is ChangeWrite => write.kind === 'change');
  const scopes = scopesOf(creates.map(([, write]) => write));
  const accounts = scopes.map(({ environmentAccountId }) => environmentAccountId);
  const regions = scopes.map(({ region }) => region);
  const identities = creates.map(([, { identity }]) => identity);
  const createScopes = [
    identities.map(({ environmentAccountId }) => environmentAccountId),
    identities.map(({ region }) => region),
  ];
  const hasTokens = creates.some(([, { clientToken }]) => clientToken !== null);

  /** The rows of a statement that is sent only if it has something to find. */
  const rowsOf = <Row>(isNeeded: boolean, query: Query): Promise<readonly Row[]> =>
    isNeeded ? (session.send(query) as Promise<readonly Row[]>) : Promise.resolve([]);

  const hasCreates = creates.length > 0;
  const results = [
    rowsOf<never>(hasCreates, { text: SCOPE_ROWS, values: [accounts, regions] }),
    rowsOf<readonly [account: string, region: string, connections: number | null]>(hasCreates, {
      text: LOCKED_SCOPES,
      values: [accounts, regions],
    }),
    rowsOf<readonly [number: number, ...StoredRow]>(changes.length > 0, {
      text: LOCKED_CONNECTIONS,
      values: [changes.map(([, { id }]) => id), changes.map(([, { visibleTo }]) => accountList(visibleTo))],
    }),
    rowsOf<readonly [account: string, region: string, count: number]>(hasCreates, {
      text: COUNTED_SCOPES,
      values: [
        accounts,
        regions,
        scopes.map(({ countUpTo, creates }) => countUpTo - creates),
        scopes.map(({ rowLimit }) => rowLimit),
      ],
    }),
    rowsOf<readonly [number: number, fingerprint: string, ...StoredRow]>(hasTokens, {
      text: CREATED_EARLIER,
      values: [
        ...createScopes,
        creates.map(([, { clientToken }]) => clientToken?.token ?? null),
        creates.map(([, { clientToken }]) => clientToken?.expiredAt ?? null),
      ],
    }),
    rowsOf<readonly [number: number, ...StoredRow]>(hasCreates, {
      text: LIVE,
      values: [
        ...createScopes,
        identities.map(({ managementAccountId }) => managementAccountId),
        identities.map(({ environmentName }) => environmentName),
      ],
    }),
    rowsOf<readonly [id: string]>(inDoubt.length > 0, { text: COMMITTED, values: [inDoubt] }),
  ] as const;
  await allOf<unknown>(results);
  const [, known, locked, counted, earlier, live, committed] = await Promise.all(results);

  const connections = new Map<ConnectionId, StoredVersion>();
  function keep(row: StoredRow): ConnectionId {
    const [version, ...columns] = row;
    const connection = connectionOf(columns);
    connections.set(connection.id, { connection, version });
    return connection.id;
  }
  const indexOf = (writes: readonly (readonly [number, Write])[], number: number) =>
    writes[number - 1]?.[0] ?? -1;

  return {
    // Rows that are locked are the newest, so they are kept last.
    live: new Map(live.map(([number, ...row]) => [indexOf(creates, number), keep(row)])),
    earlier: new Map(
      earlier.map(([number, fingerprint, ...row]) => [
        indexOf(creates, number),
        { fingerprint, id: keep(row) },
      ]),
    ),
    current: new Map(locked.map(([number, ...row]) => [indexOf(changes, number), keep(row)])),
    connections,
    scopes: scopeCounts(scopes, known, counted),
    committed: new Set(committed.map(([id]) => id)),
  };
}

type StoredRow = readonly [version: number, ...columns: ConnectionTuple];

function indexed<Kind extends Write>(
  writes: readonly Write[],
  isOfKind: (write: Write) => write is Kind,
): readonly (readonly [index: number, write: Kind])[] {
  return [...writes.entries()].flatMap(([index, write]) =>
    isOfKind(write) ? [[index, write] as const] : [],
  );
}

/** Account ids have no commas. */
function accountList(visibleTo: Visibility): string | null {
  return visibleTo === 'every' ? null : visibleTo.join(',');
}

interface CreatesInScope extends Scope {
  readonly creates: number;
  /** The smallest limit of its creates. */
  readonly countUpTo: number;
  /** How many connections to count at most: more than any create may see. */
  readonly rowLimit: number;
}

function scopesOf(creates: readonly CreateWrite[]): readonly CreatesInScope[] {
  const scopes = new Map<string, CreatesInScope>();
  for (const { identity, countUpTo } of creates) {
    const key = scopeKey(identity);
    const known = scopes.get(key);
    scopes.set(key, {
      environmentAccountId: identity.environmentAccountId,
      region: identity.region,
      creates: (known?.creates ?? 0) + 1,
      countUpTo: Math.min(known?.countUpTo ?? countUpTo, countUpTo),
      rowLimit: Math.max(known?.rowLimit ?? 0, countUpTo + creates.length),
    });
  }
  return [...scopes.values()];
}

function scopeCounts(
  scopes: readonly CreatesInScope[],
  known: readonly (readonly [account: string, region: string, connections: number | null])[],
  counted: readonly (readonly [account: string, region: string, count: number])[],
): ReadonlyMap<string, ScopeCount> {
  const byKey = <Value>(rows: readonly (readonly [string, string, Value])[]) =>
    new Map(
      rows.map(([environmentAccountId, region, value]) => [
        scopeKey({ environmentAccountId, region }),
        value,
      ]),
    );
  const knownByKey = byKey(known);
  const countedByKey = byKey(counted);
  return new Map(
    scopes.map((scope) => {
      const key = scopeKey(scope);
      const atMost = knownByKey.get(key) ?? null;
      const count = countedByKey.get(key);
      if (count === undefined) return [key, { count: atMost ?? 0, atMost }];
      return [key, { count, atMost: count < scope.rowLimit ? count : atMost && Math.max(atMost, count) }];
    }),
  );
}
