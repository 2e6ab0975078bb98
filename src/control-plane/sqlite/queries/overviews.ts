import type BetterSqlite3 from 'better-sqlite3';

import type { ConnectionStatus } from '../../../proton/connection';
import { OverviewTally, type ConnectionOverview } from '../../../proton/overview';
import { endOfPrefix, narrowingOf, type Conditions, type Narrowing } from '../../selected-rows';
import type { OverviewQuery } from '../../store';
import { pin } from '../pin-native';
import { branchesOf } from './list-branches';
import { medianOf } from './median';
import type { Steps } from './step-runner';

/** The rows that a step visits, with the first decision on each. Each takes up to 5 µs. */
const ROWS_PER_STEP = 512;

/** A row of a step. */
type Row = readonly [
  status: ConnectionStatus,
  requestedAt: number,
  managementAccountId: string,
  environmentAccountId: string,
  decision: 'ACCEPTED' | 'REJECTED' | null,
  decidedAt: number | null,
];

/** What is walked: all rows in the order of the table, or those of an account, or of two, in the order of lists. */
interface Walk {
  readonly index: string | undefined;
  readonly accounts: readonly (keyof AccountParameters)[];
}

interface AccountParameters {
  readonly management_account_id?: string | undefined;
  readonly environment_account_id?: string | undefined;
}

const WALKS: readonly Walk[] = [
  { index: 'connections_by_accounts', accounts: ['management_account_id', 'environment_account_id'] },
  { index: 'connections_by_management_account', accounts: ['management_account_id'] },
  { index: 'connections_by_environment_account', accounts: ['environment_account_id'] },
];
const WHOLE_TABLE: Walk = { index: undefined, accounts: [] };

/**
 * Adds up overviews, in short steps: each visits some rows and looks up when they were decided. Both are in the order of ids where all
 * connections are selected, so that few pages are read twice. A viewer's overview walks along the accounts that the viewer may read, so
 * its duration does not reveal how many other connections there are.
 */
export function overviewsOf(
  database: BetterSqlite3.Database,
): (query: OverviewQuery) => Steps<ConnectionOverview> {
  const prepared = new Map<Walk, WalkReads>();
  const readsOf = (walk: Walk) => {
    let reads = prepared.get(walk);
    if (!reads) prepared.set(walk, (reads = prepareWalk(database, walk)));
    return reads;
  };

  return function* (query) {
    const tally = new OverviewTally(query.period);
    const decisionTimes: number[] = [];
    const narrowing = narrowingOf(query.selection);
    /** Branches that have been walked. */
    const earlier: AccountParameters[] = [];
    for (const branch of narrowing ? branchesOf(query) : []) {
      const accounts = accountsOf(branch);
      const walk = WALKS.find((each) => each.accounts.every((column) => accounts[column] !== undefined));
      const isCounted = isInAny(earlier);
      yield* walkRows(
        readsOf(walk ?? WHOLE_TABLE),
        { ...accounts, ...parametersOf(branch, narrowing) },
        (row) => {
          if (!isCounted(row)) addTo(tally, decisionTimes, row);
        },
      );
      earlier.push(accounts);
    }
    return tally.overview(yield* medianOf(decisionTimes));
  };
}

function addTo(
  tally: OverviewTally,
  decisionTimes: number[],
  [status, requestedAt, , , decision, decidedAt]: Row,
): void {
  tally.addStatus(status, 1, requestedAt);
  tally.add('requested', tally.weekOf(requestedAt), 1);
  if (decision === null || decidedAt === null) return;
  const week = tally.weekOf(decidedAt);
  if (!tally.add(decision === 'ACCEPTED' ? 'accepted' : 'rejected', week, 1)) return;
  decisionTimes.push(decidedAt - requestedAt);
}

/** Whether a row belongs to a branch, of which only the accounts differ. A row has one account in each role. */
function isInAny(branches: readonly AccountParameters[]): (row: Row) => boolean {
  if (branches.length === 0) return () => false;
  const key = (management = '', environment = '') => `${management}/${environment}`;
  const keys = new Set(
    branches.map(({ management_account_id, environment_account_id }) =>
      key(management_account_id, environment_account_id),
    ),
  );
  return ([, , management, environment]) =>
    keys.has(key(management)) || keys.has(key('', environment)) || keys.has(key(management, environment));
}

function accountsOf(branch: Conditions): AccountParameters {
  return {
    management_account_id: branch.get('management_account_id')?.[0],
    environment_account_id: branch.get('environment_account_id')?.[0],
  };
}

/** Null for what is not filtered by, so that there is one statement for each walk. */
interface FilterParameters {
  readonly name: string | null;
  readonly region: string | null;
  readonly statuses: string | null;
  readonly prefix: string | null;
  readonly endOfPrefix: string | null;
  readonly tagTexts: string | null;
}

function parametersOf(branch: Conditions, narrowing: Narrowing | undefined): FilterParameters {
  const { namePrefix, tagTexts = [] } = narrowing ?? {};
  const statuses = branch.get('status');
  return {
    name: branch.get('environment_name')?.[0] ?? null,
    region: branch.get('region')?.[0] ?? null,
    statuses: statuses ? JSON.stringify(statuses) : null,
    prefix: namePrefix ?? null,
    endOfPrefix: namePrefix === undefined ? null : endOfPrefix(namePrefix),
    tagTexts: tagTexts.length === 0 ? null : JSON.stringify(tagTexts),
  };
}

const FILTER = `(@name IS NULL OR environment_name = @name)
  AND (@region IS NULL OR region = @region)
  AND (@statuses IS NULL OR connections.status IN (SELECT value FROM json_each(@statuses)))
  AND (@prefix IS NULL OR (environment_name >= @prefix AND environment_name < @endOfPrefix))
  AND (@tagTexts IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(@tagTexts) AS wanted WHERE instr(tags, wanted.value) = 0))`;

/** A position in a walk. */
interface Place {
  readonly requestedAt: number;
  readonly id: string;
}

const START: Place = { requestedAt: Number.MIN_SAFE_INTEGER, id: '' };
const END: Place = { requestedAt: Number.MAX_SAFE_INTEGER, id: '~' };

interface WalkReads {
  readonly endOfStep: BetterSqlite3.Statement<unknown[], Place>;
  readonly rows: BetterSqlite3.Statement<unknown[], Row>;
}

function prepareWalk(database: BetterSqlite3.Database, { index, accounts }: Walk): WalkReads {
  const key = index === undefined ? ['id'] : ['requested_at', 'id'];
  const qualified = key.map((column) => `connections.${column}`).join(', ');
  const at = (place: string) => (index === undefined ? `@${place}Id` : `@${place}RequestedAt, @${place}Id`);
  const conditions = [
    ...accounts.map((column) => `${column} = @${column}`),
    `(${qualified}) > (${at('after')})`,
  ];
  const from = `FROM connections ${index === undefined ? '' : `INDEXED BY ${index}`}`;
  return {
    endOfStep: pin(
      database.prepare<unknown[], Place>(
        `SELECT requested_at AS requestedAt, id ${from} WHERE ${conditions.join(' AND ')}
         ORDER BY ${qualified} LIMIT 1 OFFSET ${String(ROWS_PER_STEP - 1)}`,
      ),
    ),
    rows: pin(
      database
        .prepare<unknown[], Row>(
          `SELECT connections.status, requested_at, management_account_id, environment_account_id,
             decision.type, decision.occurred_at
           ${from} LEFT JOIN connection_events AS decision INDEXED BY connection_decisions
             ON decision.connection_id = connections.id
               AND decision.previous_status = 'PENDING' AND decision.type IN ('ACCEPTED', 'REJECTED')
           WHERE ${conditions.join(' AND ')} AND (${qualified}) <= (${at('end')}) AND ${FILTER}`,
        )
        .raw(true),
    ),
  };
}

function* walkRows(
  { endOfStep, rows }: WalkReads,
  parameters: AccountParameters & FilterParameters,
  each: (row: Row) => void,
): Steps<void> {
  let after = START;
  for (;;) {
    const place = { afterId: after.id, afterRequestedAt: after.requestedAt };
    const end = endOfStep.get({ ...parameters, ...place });
    const { id: endId, requestedAt: endRequestedAt } = end ?? END;
    for (const row of rows.all({ ...parameters, ...place, endId, endRequestedAt })) each(row);
    if (!end) return;
    yield;
    after = end;
  }
}
