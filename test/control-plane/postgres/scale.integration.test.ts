import { COUNTS_TTL_MS } from '../../../src/app/embedded-back-end';
import { backfillDecisions } from '../../../src/control-plane/postgres/first-decisions';
import { createMetrics } from '../../../src/telemetry/metrics';
import { overviewPeriod } from '../../../src/proton/overview';
import { normalizeSelection, type ConnectionSelection } from '../../../src/proton/page';
import type { ConnectionId } from '../../../src/proton/identifiers';
import type { CountQuery, ListQuery, Store, Visibility } from '../../../src/control-plane/store';
import {
  BIG,
  environmentAccount,
  EVERYWHERE,
  fillTables,
  OLD,
  OLD_REGION,
  RARE,
  ROWS,
  SMALL,
  WITHOUT_CONNECTIONS,
} from '../../support/many-postgres-connections';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { openExplainer, PLAN_MODES, type SentStatement } from '../../support/postgres-plans';
import { openTestStore, withDatabase } from '../../support/postgres-store';
import { START } from '../../support/proton';

const PAGE = 20;
const BUFFERS_OF_A_PAGE = 600;

/** The filters by the value of a column. */
type Filter = Omit<NonNullable<ConnectionSelection['filter']>, 'environmentNamePrefix' | 'tags'>;

/** For each filter: values that are frequent, rare, absent, and only on old rows. */
const VALUES = {
  managementAccountId: [BIG, OLD, SMALL, WITHOUT_CONNECTIONS],
  environmentAccountId: [environmentAccount(7), WITHOUT_CONNECTIONS],
  environmentName: [EVERYWHERE, RARE, 'none'],
  region: ['eu-west-1', OLD_REGION, 'sa-east-1', 'ap-southeast-2'],
  statuses: [['PENDING'], ['CONNECTED'], ['REJECTED'], ['PENDING', 'REJECTED']],
} as const satisfies { readonly [Name in keyof Filter]: readonly Filter[Name][] };

const NAMES = Object.keys(VALUES) as (keyof Filter)[];
const single = (name: keyof Filter) => VALUES[name].map((value): Filter => ({ [name]: value }));
const SINGLE: readonly Filter[] = [{}, ...NAMES.flatMap(single)];
const PAIRS: readonly Filter[] = NAMES.flatMap((one, index) =>
  NAMES.slice(index + 1).flatMap((other) =>
    single(one).flatMap((filter) => single(other).map((second): Filter => ({ ...filter, ...second }))),
  ),
);
/** A frequent name in a Region without an account reads the index of the name; it is bounded by the statement timeout. */
const isBounded = ({ environmentName, region }: Filter) =>
  environmentName !== EVERYWHERE || region === undefined || region === 'eu-west-1';

/** As far back as page 10,000 of a million. */
const FAR_BACK = {
  requestedAt: START + ROWS * 0.4,
  id: '80000000-0000-4000-8000-000000000000' as ConnectionId,
};

const environmentAccounts = (count: number) =>
  Array.from({ length: count }, (_, index) => environmentAccount(index * 7));

describeWithPostgres(`With ${String(ROWS)} connections on PostgreSQL`, () => {
  let store: Store;
  let explainer: Awaited<ReturnType<typeof openExplainer>>;
  let sent: SentStatement[] = [];

  // Before the database is dropped.
  afterAll(async () => {
    await explainer.close();
    await store.close();
  });
  const database = usePostgres();

  beforeAll(async () => {
    store = await openTestStore(database.url, { trace: (text, values) => sent.push({ text, values }) });
    await fillTables(database, ROWS);
    explainer = await openExplainer(database.url);
  });

  /** Calls the store, and then runs the statements that it sent in each plan mode. @returns those over the bound */
  async function over(bound: number, what: unknown, call: () => unknown): Promise<readonly unknown[]> {
    sent = [];
    await call();
    const statements = sent.filter(({ text }) => text.includes(' connections') || text.includes('_events'));
    const runs = [];
    for (const mode of PLAN_MODES) {
      let buffers = 0;
      const scans: string[] = [];
      for (const statement of statements) {
        const run = await explainer.run(statement, mode);
        buffers += run.buffers;
        scans.push(...run.scans);
      }
      if (buffers > bound) runs.push({ what, mode, buffers, scans });
    }
    return runs;
  }

  function listOf(
    selection: ConnectionSelection,
    visibleTo: Visibility = 'every',
    after?: ListQuery['after'],
  ) {
    return { selection: normalizeSelection(selection), visibleTo, after, limit: PAGE + 1 };
  }

  async function idsOf(query: ListQuery): Promise<readonly string[]> {
    const [rows = []] = await store.listConnections([query]);
    return rows.map(({ id }) => id);
  }

  it('a page of any filter, or of any two, reads few pages of the database, as far back as one likes', async () => {
    const wrong: unknown[] = [];
    for (const filter of [...SINGLE, ...PAIRS].filter(isBounded)) {
      for (const after of [undefined, FAR_BACK]) {
        const query = listOf({ filter }, 'every', after);
        wrong.push(
          ...(await over(BUFFERS_OF_A_PAGE, { filter, after }, () => store.listConnections([query]))),
        );
      }
    }
    expect(wrong).toEqual([]);
  });

  it('a page of an account and two more filters reads few pages of the database', async () => {
    const wrong: unknown[] = [];
    for (const filter of PAIRS.filter(
      (pair) => pair.managementAccountId === BIG && !pair.environmentAccountId,
    )) {
      for (const statuses of VALUES.statuses) {
        const query = listOf({ filter: { ...filter, statuses } });
        wrong.push(...(await over(BUFFERS_OF_A_PAGE, query.selection, () => store.listConnections([query]))));
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    [1, BUFFERS_OF_A_PAGE],
    [50, 2_500],
    [200, 10_000],
  ])('a page of a viewer of %i accounts reads at most %i pages of the database', async (count, bound) => {
    const wrong: unknown[] = [];
    for (const visibleTo of [environmentAccounts(count), [BIG, ...environmentAccounts(count - 1)]]) {
      for (const filter of SINGLE) {
        for (const after of [undefined, FAR_BACK]) {
          const query = listOf({ filter }, visibleTo, after);
          wrong.push(...(await over(bound, { filter, after }, () => store.listConnections([query]))));
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('a page of an account in either role reads few pages of the database', async () => {
    const wrong: unknown[] = [];
    for (const accountId of [BIG, OLD, SMALL, environmentAccount(7), WITHOUT_CONNECTIONS]) {
      for (const filter of SINGLE) {
        const query = listOf({ filter, participation: { accountId, role: null } });
        const what = { accountId, filter };
        wrong.push(...(await over(BUFFERS_OF_A_PAGE, what, () => store.listConnections([query]))));
      }
    }
    expect(wrong).toEqual([]);
  });

  it('a page of names that begin with a rare or an absent text reads few pages of the database', async () => {
    const wrong: unknown[] = [];
    const others: readonly Filter[] = [
      {},
      { managementAccountId: BIG },
      { managementAccountId: SMALL },
      { environmentAccountId: environmentAccount(7) },
      { region: OLD_REGION },
      { statuses: ['PENDING', 'REJECTED'] },
    ];
    for (const environmentNamePrefix of [RARE, RARE.slice(0, -1), 'none']) {
      for (const other of others) {
        for (const visibleTo of ['every', [BIG], environmentAccounts(3)] as const) {
          const query = listOf({ filter: { environmentNamePrefix, ...other } }, visibleTo);
          wrong.push(
            ...(await over(BUFFERS_OF_A_PAGE, { other, visibleTo }, () => store.listConnections([query]))),
          );
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('a page of names that begin with a text, and its count, have the rows that a plain query has', async () => {
    for (const prefix of [RARE.slice(0, -1), EVERYWHERE.slice(0, 3), 'none']) {
      for (const visibleTo of ['every', [OLD, ...environmentAccounts(50)]] as const) {
        const query = listOf({ filter: { environmentNamePrefix: prefix } }, visibleTo);
        const expected = await database.query<{ id: string }>(
          `SELECT id FROM connections WHERE starts_with(environment_name, '${prefix}')
             AND ($1::text[] IS NULL OR management_account_id = ANY ($1) OR environment_account_id = ANY ($1))
           ORDER BY requested_at DESC, id DESC`,
          [visibleTo === 'every' ? null : visibleTo],
        );
        const all = expected.map(({ id }) => id);
        expect(await idsOf(query)).toEqual(all.slice(0, query.limit));
        expect(await store.countConnections([query])).toEqual([all.length]);
      }
    }
  });

  it('a page has the rows that a plain query has', async () => {
    const visibleTo = [OLD, ...environmentAccounts(50)];
    for (const filter of SINGLE) {
      for (const viewer of ['every', visibleTo] as const) {
        const conditions = [
          'TRUE',
          ...Object.entries(filter).map(([name, value]) =>
            name === 'statuses'
              ? `status IN ('${(value as string[]).join("', '")}')`
              : `${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} = '${String(value)}'`,
          ),
          ...(viewer === 'every'
            ? []
            : ['(management_account_id = ANY ($1) OR environment_account_id = ANY ($1))']),
        ];
        const expected = await database.query<{ id: string }>(
          `SELECT id FROM connections WHERE ${conditions.join(' AND ')} ORDER BY requested_at DESC, id DESC LIMIT 42`,
          viewer === 'every' ? [] : [viewer],
        );
        const [first = []] = await store.listConnections([listOf({ filter }, viewer)]);
        const last = first.at(-1);
        const next = last && first.length > PAGE ? await idsOf(listOf({ filter }, viewer, last)) : [];
        expect([...first.map(({ id }) => id), ...next]).toEqual(expected.map(({ id }) => id));
      }
    }
  });

  it('the pending connections that wait longest are found in few pages of the database', async () => {
    const wrong: unknown[] = [];
    for (const filter of SINGLE) {
      for (const visibleTo of ['every', [BIG], environmentAccounts(3)] as const) {
        const pending = listOf({ filter: { ...filter, statuses: ['PENDING'] } }, visibleTo);
        const query = { ...pending, oldestFirst: true };
        const what = { filter, visibleTo };
        wrong.push(...(await over(BUFFERS_OF_A_PAGE, what, () => store.listConnections([query]))));
      }
    }
    expect(wrong).toEqual([]);
  });

  it('the connections that wait longest are those that a plain query has', async () => {
    for (const visibleTo of ['every', [OLD, ...environmentAccounts(50)]] as const) {
      const query = { ...listOf({ filter: { statuses: ['PENDING'] } }, visibleTo), oldestFirst: true };
      const expected = await database.query<{ id: string }>(
        `SELECT id FROM connections WHERE status = 'PENDING'
           AND ($1::text[] IS NULL OR management_account_id = ANY ($1) OR environment_account_id = ANY ($1))
         ORDER BY requested_at, id LIMIT ${String(query.limit)}`,
        [visibleTo === 'every' ? null : visibleTo],
      );
      expect(expected.length).toBeGreaterThan(0);
      expect(await idsOf(query)).toEqual(expected.map(({ id }) => id));
    }
  });

  it('a page of accounts reads few pages of the database for each', async () => {
    for (const [from, before] of [
      ['', ':'],
      ['3', '3:'],
      [WITHOUT_CONNECTIONS, `${WITHOUT_CONNECTIONS}:`],
    ] as const) {
      const range = { from, before, limit: 101 };
      expect(await over(2_000, range, () => store.listAccounts(range))).toEqual([]);
      const expected = await database.query<{ id: string }>(
        `SELECT id FROM (SELECT management_account_id AS id FROM connections UNION SELECT environment_account_id FROM connections) AS used
         WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 101`,
        [from, before],
      );
      expect(await store.listAccounts(range)).toEqual(expected.map(({ id }) => id));
    }
  });

  it('500 references read at most 4,000 pages of the database, for any viewer', async () => {
    const rows = await database.query<{ id: ConnectionId }>(
      'SELECT id FROM connections ORDER BY md5(id::text) LIMIT 500',
    );
    const ids = rows.map(({ id }) => id);
    const viewers: readonly Visibility[] = ['every', [BIG], environmentAccounts(200)];
    for (const visibleTo of viewers)
      expect(await over(4_000, visibleTo, () => store.findConnections(ids, visibleTo))).toEqual([]);
  });

  it('the history of a connection reads few pages of the database', async () => {
    const rows = await database.query<{ id: ConnectionId }>('SELECT id FROM connections LIMIT 20');
    const queries = rows.map(({ id }) => ({ connectionId: id, before: undefined, limit: PAGE + 1 }));
    expect(await over(BUFFERS_OF_A_PAGE, 'histories', () => store.listEvents(queries))).toEqual([]);
  });

  it('an overview reads few pages of the database for each connection that it counts', async () => {
    const period = overviewPeriod(12, START);
    const bound = (rows: number, accounts: number) => Math.max(BUFFERS_OF_A_PAGE, rows / 20, accounts * 50);
    const bounds: readonly (readonly [Filter, Visibility, rows: number])[] = [
      [{}, 'every', ROWS * 2],
      [{ managementAccountId: BIG }, 'every', ROWS / 3],
      [{}, [BIG], ROWS / 3],
      [{ statuses: ['CONNECTED'] }, [BIG], ROWS * 2],
      [{ environmentName: RARE }, 'every', ROWS / 5],
      [{}, [BIG, ...environmentAccounts(49)], ROWS / 2],
      [{ managementAccountId: SMALL }, environmentAccounts(200), 0],
      [{}, [SMALL], 0],
      [{}, [WITHOUT_CONNECTIONS], 0],
    ];
    const wrong: unknown[] = [];
    for (const [filter, visibleTo, rows] of bounds) {
      const selection = normalizeSelection({ filter });
      wrong.push(
        ...(await over(
          bound(rows, visibleTo === 'every' ? 0 : visibleTo.length),
          { filter, accounts: visibleTo.length },
          () => store.readOverview({ selection, visibleTo, period }),
        )),
      );
    }
    expect(wrong).toEqual([]);
  });

  it('ten scrapes of the metrics read less than the table has', async () => {
    const [{ pages } = { pages: 0 }] = await database.query<{ pages: number }>(
      "SELECT relpages AS pages FROM pg_class WHERE relname = 'connections'",
    );
    const metrics = createMetrics();
    metrics.watchConnections(store.countByStatus, COUNTS_TTL_MS.postgres);
    const tenScrapes = async () => {
      for (let scrape = 1; scrape <= 10; scrape += 1) await metrics.page();
    };
    expect(await over(pages, 'counts', tenScrapes)).toEqual([]);
    // Housekeeping sends statements of its own.
    expect(sent.filter(({ text }) => text.includes('count(*)'))).toHaveLength(3);
  });

  it('a long count does not hold up a short read', async () => {
    const order: string[] = [];
    const count: CountQuery = {
      selection: normalizeSelection({ filter: { managementAccountId: BIG } }),
      visibleTo: 'every',
    };
    await Promise.all([
      Promise.resolve(store.countConnections(new Array<CountQuery>(20).fill(count))).then(() =>
        order.push('count'),
      ),
      Promise.resolve(store.listConnections([listOf({})])).then(() => order.push('list')),
    ]);
    expect(order).toEqual(['list', 'count']);
  });

  it('an overview of an account without connections reads few pages after decisions were filled in', async () => {
    await database.query(
      `UPDATE connections SET first_decision = NULL, decided_at = NULL
       WHERE id IN (SELECT id FROM connections WHERE decided_at IS NOT NULL LIMIT 100)`,
    );
    // As if the server had last analyzed the table when no row had a decision.
    await database.query(
      `UPDATE pg_statistic SET stanullfrac = 1
       WHERE starelid = 'connections'::regclass AND staattnum IN (SELECT attnum FROM pg_attribute
         WHERE attrelid = 'connections'::regclass AND attname IN ('first_decision', 'decided_at'))`,
    );
    await withDatabase(database.url, (opened) => backfillDecisions(opened));
    const query = {
      selection: normalizeSelection({}),
      visibleTo: [WITHOUT_CONNECTIONS],
      period: overviewPeriod(12, START),
    };
    expect(await over(BUFFERS_OF_A_PAGE, 'overview', () => store.readOverview(query))).toEqual([]);
  });
});
