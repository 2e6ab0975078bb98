import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import BetterSqlite3 from 'better-sqlite3';
import fc from 'fast-check';

import { WEEK_MS } from '../../../src/proton/overview';
import { type ConnectionSelection, normalizeSelection } from '../../../src/proton/page';
import { openSqliteStore } from '../../../src/control-plane/sqlite/sqlite-store';
import type { Store } from '../../../src/control-plane/store';
import type { Visibility } from '../../../src/control-plane/store';
import {
  BIG,
  BIG_ENVIRONMENT,
  makeConnections,
  WITHOUT_CONNECTIONS,
  SMALL,
} from '../../support/many-connections';
import { startApp } from '../../support/app';
import { sendHttp } from '../../support/aws-call';
import { account, START } from '../../support/proton';

const ROWS = 100_000;
const PAGE = 21;
/** The most rows that a statement may visit: those of a step or of a page. */
const ROWS_PER_STATEMENT = 256;
const ROWS_PER_COUNTING_STATEMENT = 1_024;

/** The filters by the value of a column. */
type Filter = Omit<NonNullable<ConnectionSelection['filter']>, 'environmentNamePrefix' | 'tags'>;

/** For each filter: frequent, rare and absent values. */
const VALUES = {
  managementAccountId: [BIG, SMALL, WITHOUT_CONNECTIONS],
  environmentAccountId: [BIG_ENVIRONMENT, '300000000001', WITHOUT_CONNECTIONS],
  environmentName: ['production', 'rare', 'none'],
  region: ['eu-west-1', 'us-east-1', 'sa-east-1', 'ap-southeast-2'],
  statuses: [
    ['PENDING'],
    ['CONNECTED'],
    ['REJECTED'],
    ['PENDING', 'REJECTED'],
    ['PENDING', 'CONNECTED', 'REJECTED'],
  ],
} as const satisfies { readonly [Name in keyof Filter]: readonly Filter[Name][] };

const single = (name: keyof Filter): Filter[] => VALUES[name].map((value): Filter => ({ [name]: value }));
const FILTERS = Object.keys(VALUES) as (keyof Filter)[];
const ACCOUNTS = ['managementAccountId', 'environmentAccountId'] as const;

describe('A list', () => {
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-'));
  const location = join(folder, 'proton.db');
  let store: Store;
  let counter: BetterSqlite3.Database;
  let statements: string[] = [];
  let visited = 0;

  beforeAll(async () => {
    await makeConnections(location, ROWS);
    const writer = new BetterSqlite3(location);
    writer.exec(
      `UPDATE connections SET tags = '[{"key":"tier","value":"gold"}]' WHERE environment_name = 'rare'`,
    );
    writer.close();
    store = openSqliteStore({ location, trace: (statement) => statements.push(statement) });
    counter = new BetterSqlite3(location, { readonly: true });
    counter.function('visit', { varargs: true, deterministic: false }, () => {
      visited += 1;
      return 1;
    });
  }, 120_000);

  afterAll(async () => {
    counter.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  interface Read {
    readonly plan: readonly string[];
    /** How many rows each statement visited, in order. */
    readonly visited: readonly number[];
    readonly found: number;
  }

  /** Reads a page, and then how its statements ran. */
  async function read(
    selection: ConnectionSelection,
    visibleTo: Visibility = 'every',
    oldestFirst = false,
  ): Promise<Read> {
    statements = [];
    const normalized = normalizeSelection(selection);
    const query = { selection: normalized, visibleTo, after: undefined, limit: PAGE, oldestFirst };
    const [rows] = await store.listConnections([query]);
    const fromTable = statements.filter((statement) => statement.includes(' FROM connections '));
    const selects = fromTable.filter(walks);
    // The others take the rows of the page by their ids.
    for (const lookup of fromTable.filter((statement) => !walks(statement)))
      expect(lookup).toMatch(/ FROM connections WHERE id (?:=|IN) /);
    // A walk takes rows from the table only where each row on its way is one of the list's.
    for (const walk of selects.filter((statement) => !planOf(statement)[0]?.includes(' COVERING ')))
      expect(visitedBy(walk)).toBeLessThanOrEqual(PAGE);
    return {
      plan: selects.flatMap(planOf),
      visited: selects.map(visitedBy),
      found: rows?.length ?? 0,
    };
  }

  /** Whether a statement walks along an index to find the rows or the ids of a page, or the end of a step. */
  const walks = (statement: string) => statement.includes(' INDEXED BY ');

  /** Runs a statement again, with a function that SQLite calls for every row that it visits. */
  function visitedBy(statement: string): number {
    visited = 0;
    counter.prepare(statement.replace(/( FROM (\w+).*?) WHERE /s, '$1 WHERE visit($2.id) AND ')).all();
    return visited;
  }

  const planOf = (statement: string): readonly string[] =>
    (counter.prepare(`EXPLAIN QUERY PLAN ${statement}`).all() as { readonly detail: string }[]).map(
      ({ detail }) => detail,
    );

  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

  it('of one filter, or of an account and one other, visits no row that is not on the page', async () => {
    const filters: Filter[] = [
      {},
      ...FILTERS.flatMap(single),
      ...ACCOUNTS.flatMap((name) =>
        single(name).flatMap((filter) =>
          FILTERS.filter((other) => other !== name)
            .flatMap(single)
            .map((other): Filter => ({ ...filter, ...other })),
        ),
      ),
    ].filter((filter, index, all) => all.findIndex((other) => isDeepStrictEqual(filter, other)) === index);
    expect(filters.length).toBeGreaterThanOrEqual(100);
    const wrong: unknown[] = [];
    for (const filter of filters) {
      // The first time it reads rows, the second time their ids.
      for (const search of [
        /^SEARCH connections USING INDEX /,
        /^SEARCH connections USING COVERING INDEX /,
      ]) {
        const { plan, visited, found } = await read({ filter });
        // Two statuses are two ranges, and each reads a page.
        const allowed = filter.statuses?.length === 2 ? 2 * PAGE : found;
        const isSearched = plan.length > 0 && plan.every((step) => search.test(step));
        if (sum(visited) > allowed || !isSearched) wrong.push({ filter, plan, visited, found });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('of an account in either role, or of a viewer of one account, visits a page in each role', async () => {
    const wrong: unknown[] = [];
    for (const accountId of [BIG, BIG_ENVIRONMENT, SMALL, WITHOUT_CONNECTIONS]) {
      for (const filter of [{}, ...FILTERS.flatMap(single)]) {
        const allowed = 2 * PAGE * (filter.statuses?.length === 2 ? 2 : 1);
        // The second time, by ids.
        await read({ participation: { accountId, role: null }, filter });
        const own = await read({ participation: { accountId, role: null }, filter });
        const viewers = await read({ filter }, [accountId]);
        const isShort = sum(own.visited) <= allowed && sum(viewers.visited) <= allowed;
        if (!isShort || own.found !== viewers.found) wrong.push({ accountId, filter, own, viewers });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('of a viewer of many accounts visits at most a page of each, and less once it has found newer rows', async () => {
    const accounts = Array.from({ length: 200 }, (_, index) => account(String(300_000_000_000 + index)));
    const { visited, found } = await read({}, [BIG, ...accounts]);
    expect(found).toBe(PAGE);
    expect(sum(visited)).toBeLessThan(402 * 2);
  });

  it.each([
    ['begin with a rare text', { environmentNamePrefix: 'rar' }, 5],
    ['begin with an absent text', { environmentNamePrefix: 'zzz' }, 0],
    [
      'begin with a rare text, of an account',
      { environmentNamePrefix: 'env-9999', managementAccountId: BIG },
      4,
    ],
    ['begin with a frequent text', { environmentNamePrefix: 'env-' }, PAGE],
  ])('of names that %s visits few more rows than it has', async (_what, filter, expected) => {
    const { visited, found, plan } = await read({ filter });
    expect(found).toBe(expected);
    expect(sum(visited)).toBeLessThanOrEqual(3 * ROWS_PER_STATEMENT);
    for (const step of plan) expect(step).toMatch(/COVERING INDEX|^(USE TEMP B-TREE|CORRELATED)/);
  });

  it.each([
    [{ tags: [{ key: 'tier' }] }, 5],
    [{ tags: [{ key: 'tier' }], managementAccountId: BIG }, 1],
    [{ tags: [{ key: 'none' }], environmentNamePrefix: 'env-', statuses: ['PENDING' as const] }, 0],
  ])('by tags visits rows in short steps, along indexes alone: %j', async (filter, expected) => {
    const { visited, found, plan } = await read({ filter });
    expect(found).toBe(expected);
    expect(Math.max(...visited)).toBeLessThanOrEqual(ROWS_PER_STATEMENT);
    for (const step of plan) {
      expect(step).toMatch(/COVERING INDEX|^(USE TEMP B-TREE|CORRELATED|LIST SUBQUERY|SCAN wanted)/);
    }
  });

  it.each([{ environmentNamePrefix: 'env-' }, { tags: [{ key: 'tier' }] }, {}])(
    'has a total count and an overview whose statements visit a bounded number of rows: %j',
    async (filter) => {
      statements = [];
      const selection = normalizeSelection({ filter });
      const [count] = await store.countConnections([{ selection, visibleTo: [BIG, SMALL] }]);
      const { byStatus } = await store.readOverview({
        selection,
        visibleTo: [BIG, SMALL],
        period: { startsAt: START - WEEK_MS, weeks: 2 },
      });
      expect(byStatus.PENDING + byStatus.CONNECTED + byStatus.REJECTED).toBe(count);
      const counting = statements.filter((statement) => statement.includes('INDEXED BY'));
      expect(counting.length).toBeGreaterThan(10);
      const wide = counting.filter((statement) => visitedBy(statement) > ROWS_PER_COUNTING_STATEMENT);
      expect(wide).toEqual([]);
    },
  );

  it('of an account in either role has its total count from indexes, with each role counted along its own', async () => {
    for (const accountId of [BIG, BIG_ENVIRONMENT, SMALL, WITHOUT_CONNECTIONS]) {
      for (const filter of [{}, ...FILTERS.flatMap(single)]) {
        const selection = normalizeSelection({ participation: { accountId, role: null }, filter });
        statements = [];
        const [count] = await store.countConnections([{ selection, visibleTo: 'every' }]);
        for (const statement of statements) {
          const [walk, ...checks] = planOf(statement);
          expect(walk).toMatch(
            /^SEARCH connections USING COVERING INDEX connections_by_\w+ \((?:\w+=\? AND )?(?:management|environment)_account_id=\?/,
          );
          // A row that the index does not show to match is looked up in the index that does.
          for (const check of checks) expect(check).toMatch(/^SEARCH other EXISTS USING COVERING INDEX /);
        }
        const walks = statements.map((statement) => planOf(statement)[0] ?? '');
        const [managed, environments] = ['management', 'environment'].map((role) =>
          walks.filter((walk) => walk.includes(`${role}_account_id=?`)),
        );
        expect(managed).not.toEqual([]);
        expect(environments).not.toEqual([]);
        const wholeList = { selection, visibleTo: 'every', after: undefined, limit: ROWS } as const;
        const [rows] =
          accountId === SMALL || accountId === WITHOUT_CONNECTIONS
            ? await store.listConnections([wholeList])
            : [];
        if (rows) expect(count).toBe(rows.length);
      }
    }
  });

  it('has the total count of an account in either role, with connections to itself counted once', async () => {
    const location = join(folder, 'own.db');
    const own = openSqliteStore({ location });
    const writer = new BetterSqlite3(location);
    const insert = writer.prepare(
      `INSERT INTO connections (id, region, status, environment_name, management_account_id, environment_account_id,
         requested_at, last_modified_at, tags) VALUES (?, ?, 'REJECTED', ?, ?, ?, 1, 1, '[]')`,
    );
    [
      ['us-east-1', SMALL, SMALL],
      ['eu-west-1', SMALL, SMALL],
      ['us-east-1', SMALL, BIG],
      ['us-east-1', BIG, SMALL],
      ['us-east-1', BIG, BIG],
    ].forEach(([region, management, environment], index) =>
      insert.run(`id-${String(index)}`, region, 'production', management, environment),
    );
    writer.close();
    const count = async (filter: Filter) => {
      const selection = normalizeSelection({ participation: { accountId: SMALL, role: null }, filter });
      const [counted] = await own.countConnections([{ selection, visibleTo: 'every' }]);
      return counted;
    };
    expect(await count({})).toBe(4);
    expect(await count({ region: 'us-east-1' })).toBe(3);
    expect(await count({ managementAccountId: BIG })).toBe(1);
    expect(await count({ managementAccountId: BIG, environmentAccountId: BIG })).toBe(0);
    await own.close();
  });

  it('of filters that rarely match together is read in statements that visit few rows each', async () => {
    const { visited, found } = await read({
      filter: { managementAccountId: BIG, environmentName: 'production', statuses: ['CONNECTED'] },
    });
    expect(found).toBe(0);
    expect(sum(visited)).toBeGreaterThan(10_000);
    expect(Math.max(...visited)).toBeLessThanOrEqual(ROWS_PER_STATEMENT);
  });

  it('of a rare filter and frequent ones is read along the index of the rare one', async () => {
    for (const filter of [
      { region: 'ap-southeast-2', environmentName: 'production' },
      { region: 'eu-west-1', environmentName: 'none' },
      { region: 'sa-east-1', environmentName: 'production', statuses: ['PENDING'] },
      { managementAccountId: BIG, environmentName: 'none', region: 'eu-west-1', statuses: ['CONNECTED'] },
    ] as const) {
      const { visited } = await read({ filter });
      expect(sum(visited)).toBeLessThanOrEqual(6 * ROWS_PER_STATEMENT);
    }
  });

  it('of any filters and any viewer searches an index and visits few rows in each statement', async () => {
    const filters = fc.record(
      {
        managementAccountId: fc.constantFrom(...VALUES.managementAccountId),
        environmentAccountId: fc.constantFrom(...VALUES.environmentAccountId),
        environmentName: fc.constantFrom(...VALUES.environmentName),
        region: fc.constantFrom(...VALUES.region),
        statuses: fc.constantFrom(...VALUES.statuses),
      },
      { requiredKeys: [] },
    );
    const accountIds = fc.constantFrom(BIG, BIG_ENVIRONMENT, SMALL, WITHOUT_CONNECTIONS);
    const participation = fc.option(
      fc.record({
        accountId: accountIds,
        role: fc.constantFrom('MANAGEMENT_ACCOUNT' as const, 'ENVIRONMENT_ACCOUNT' as const, null),
      }),
      { nil: undefined },
    );
    const viewers = fc.oneof(fc.constant('every' as const), fc.uniqueArray(accountIds, { minLength: 1 }));
    await fc.assert(
      fc.asyncProperty(
        filters,
        participation,
        viewers,
        fc.boolean(),
        async (filter, participation, visibleTo, oldestFirst) => {
          const { plan, visited } = await read({ filter, participation }, visibleTo, oldestFirst);
          for (const step of plan) {
            expect(step).toMatch(
              /^SEARCH (connections USING INDEX|(connections|other EXISTS) USING COVERING INDEX) connections_by_\w+ \(/,
            );
          }
          expect(Math.max(0, ...visited)).toBeLessThanOrEqual(ROWS_PER_STATEMENT);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('from the oldest request on has the rows that a plain query has', async () => {
    const filters: readonly (readonly [string, ConnectionSelection['filter']])[] = [
      ['TRUE', {}],
      [`management_account_id = '${BIG}'`, { managementAccountId: BIG }],
      ["environment_name = 'rare'", { environmentName: 'rare' }],
      ["environment_name = 'rare'", { environmentNamePrefix: 'rar' }],
      ["tags <> '[]'", { tags: [{ key: 'tier', value: 'gold' }] }],
      [
        "region = 'us-east-1' AND status <> 'REJECTED'",
        { region: 'us-east-1', statuses: ['PENDING', 'CONNECTED'] },
      ],
    ];
    const accounts = [BIG, SMALL, account('300000000001')];
    for (const [condition, filter] of filters) {
      for (const visibleTo of ['every', accounts] as const) {
        const query = {
          selection: normalizeSelection({ filter }),
          visibleTo,
          limit: PAGE,
          oldestFirst: true,
        };
        const [first = []] = await store.listConnections([{ ...query, after: undefined }]);
        const [next = []] = await store.listConnections([{ ...query, after: first.at(-1) }]);
        const visible = `$every OR management_account_id IN (SELECT value FROM json_each($accounts))
          OR environment_account_id IN (SELECT value FROM json_each($accounts))`;
        const expected = counter
          .prepare(
            `SELECT id FROM connections WHERE (${condition}) AND (${visible}) ORDER BY requested_at, id LIMIT ${String(2 * PAGE)}`,
          )
          .pluck()
          .all({ every: visibleTo === 'every' ? 1 : 0, accounts: JSON.stringify(accounts) });
        const found = first.length < PAGE ? first : [...first, ...next];
        expect(found.map(({ id }) => id)).toEqual(expected);
      }
    }
  });

  it('of accounts takes one search of an index for each', async () => {
    statements = [];
    const ids = await store.listAccounts({ from: '3', before: '5:', limit: 101 });
    const plain = `SELECT management_account_id AS id FROM connections UNION SELECT environment_account_id FROM connections`;
    expect(ids).toEqual(
      counter.prepare(`SELECT id FROM (${plain}) WHERE id >= '3' ORDER BY id LIMIT 101`).pluck().all(),
    );
    const touching = statements.flatMap(planOf).filter((step) => step.includes(' connections'));
    expect(touching).toHaveLength(4);
    for (const step of touching)
      expect(step).toMatch(/^SEARCH connections USING COVERING INDEX \w+ \(\w+_account_id>\?\)$/);
  });

  it('does not block the event loop while it is read', async () => {
    let turns = 0;
    let isRead = false;
    const turn = () => {
      turns += 1;
      if (!isRead) setImmediate(turn);
    };
    setImmediate(turn);
    statements = [];
    const filter: Filter = { region: 'us-east-1', statuses: ['PENDING'] };
    const query = { visibleTo: 'every', after: undefined, limit: PAGE } as const;
    const reading = store.listConnections([{ ...query, selection: normalizeSelection({ filter }) }]);
    expect(reading).toBeInstanceOf(Promise);
    // A list that takes no second turn is not a promise.
    expect(store.listConnections([{ ...query, selection: normalizeSelection({}) }])).toMatchObject([
      { length: PAGE },
    ]);
    await reading;
    isRead = true;
    // 33,334 rows, along two indexes at once, in steps of 256.
    expect(statements.length).toBeGreaterThan(100);
    expect(turns).toBeGreaterThan(5);
  });

  it('stops when its request ends', async () => {
    const ending = new AbortController();
    const filter: Filter = { region: 'us-east-1', statuses: ['PENDING'] };
    const query = {
      selection: normalizeSelection({ filter }),
      visibleTo: 'every',
      after: undefined,
      limit: PAGE,
    } as const;
    statements = [];
    const reading = store.listConnections([query], { signal: ending.signal });
    ending.abort(new Error('the client is gone'));
    await expect(reading).rejects.toThrow('the client is gone');
    const read = statements.filter(walks).length;
    expect(read).toBeLessThan(200);
    await store.listConnections([{ ...query, selection: normalizeSelection({}) }]);
    expect(statements.filter(walks)).toHaveLength(read + 1);
  });

  it('lets other work run while it is counted, and stops counting when its request ends', async () => {
    const filter: Filter = { region: 'us-east-1', statuses: ['PENDING'] };
    const query = { selection: normalizeSelection({ filter }), visibleTo: 'every' } as const;
    const queries = Array.from({ length: 30 }, () => query);
    statements = [];
    expect(await store.countConnections([query])).toEqual([expect.any(Number)]);
    const ofOne = statements.length;
    const ending = new AbortController();
    setImmediate(() => {
      ending.abort(new Error('the client is gone'));
    });
    statements = [];
    await expect(store.countConnections(queries, { signal: ending.signal })).rejects.toThrow(
      'the client is gone',
    );
    expect(statements.length).toBeLessThan(queries.length * ofOne);
  });

  it.each<[string, ConnectionSelection, RegExp]>([
    [
      'a name',
      { filter: { environmentName: 'rare', region: 'us-east-1', statuses: ['PENDING'] } },
      /_environment_name /,
    ],
    [
      'an account and its first filter',
      {
        filter: {
          managementAccountId: BIG,
          environmentName: 'rare',
          region: 'us-east-1',
          statuses: ['PENDING'],
        },
      },
      /_management_and_name /,
    ],
    [
      'both accounts',
      { filter: { managementAccountId: BIG, environmentAccountId: BIG_ENVIRONMENT, region: 'us-east-1' } },
      /_accounts /,
    ],
  ])('counts along the index of %s, whatever other filters there are', async (_title, selection, index) => {
    statements = [];
    await store.countConnections([{ selection: normalizeSelection(selection), visibleTo: 'every' }]);
    expect(planOf(statements[0] ?? '')).toEqual([expect.stringMatching(index)]);
  });

  it('is counted along the filter with the fewest connections', async () => {
    for (const [filter, index] of [
      [{ environmentName: 'production', region: 'sa-east-1' }, /_region /],
      [{ managementAccountId: BIG, region: 'us-east-1', statuses: ['PENDING'] }, /_management_and_status /],
      [{ environmentName: 'rare', region: 'eu-west-1' }, /_environment_name /],
    ] as const) {
      statements = [];
      await store.countConnections([{ selection: normalizeSelection({ filter }), visibleTo: 'every' }]);
      const counts = statements.filter((statement) => statement.startsWith('SELECT count'));
      expect(counts.map((statement) => planOf(statement)[0])).toEqual([expect.stringMatching(index)]);
    }
  });

  it('is counted in statements that visit few rows each, whatever the filters and the viewer', async () => {
    let turns = 0;
    let isCounted = false;
    const turn = () => {
      turns += 1;
      if (!isCounted) setImmediate(turn);
    };
    setImmediate(turn);
    const ofViewer = `(management_account_id IN ('${BIG}', '${BIG_ENVIRONMENT}') OR environment_account_id IN ('${BIG}', '${BIG_ENVIRONMENT}'))`;
    for (const [filter, sql] of [
      [{ managementAccountId: BIG }, `management_account_id = '${BIG}'`],
      [
        { managementAccountId: BIG, environmentName: 'production', region: 'us-east-1' },
        `management_account_id = '${BIG}' AND environment_name = 'production' AND region = 'us-east-1'`,
      ],
      [
        { region: 'eu-west-1', statuses: ['CONNECTED', 'REJECTED'] },
        "region = 'eu-west-1' AND status IN ('CONNECTED', 'REJECTED')",
      ],
    ] as const) {
      for (const [visibleTo, visible] of [
        ['every', 'TRUE'],
        [[BIG, BIG_ENVIRONMENT], ofViewer],
      ] as const) {
        statements = [];
        const counts = await store.countConnections([
          { selection: normalizeSelection({ filter }), visibleTo },
        ]);
        const count = counter.prepare(`SELECT count(*) FROM connections WHERE ${sql} AND ${visible}`).pluck();
        expect(counts).toEqual([count.get()]);
        expect(statements.length).toBeGreaterThan(5);
        expect(Math.max(...statements.map(visitedBy))).toBeLessThanOrEqual(ROWS_PER_COUNTING_STATEMENT);
      }
    }
    isCounted = true;
    expect(turns).toBeGreaterThan(5);
  });

  it('that exceeds the execution timeout is stopped in the AWS API too', async () => {
    const app = await startApp({ DATABASE_URL: `sqlite:${location}`, EXECUTION_TIMEOUT_MS: '20' });
    const listed = await sendHttp(app.protonEndpoint ?? '', {
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AwsProton20200720.ListEnvironmentAccountConnections',
        authorization: `AWS4-HMAC-SHA256 Credential=${BIG}/20261122/us-east-1/proton/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify({
        requestedBy: 'MANAGEMENT_ACCOUNT',
        environmentName: 'production',
        statuses: ['CONNECTED', 'PENDING'],
      }),
    });
    expect(listed).toMatchObject({
      error: 'RequestTimeoutException',
      message: expect.stringMatching(/after 20 ms/) as string,
    });
    await app.stop();
  });

  it('contains each row once, and all that existed throughout, when there are writes while it is read', async () => {
    const selection = normalizeSelection({
      filter: { region: 'sa-east-1', statuses: ['PENDING', 'CONNECTED'] },
    });
    const query = { selection, visibleTo: 'every', after: undefined, limit: 100 } as const;
    const [before] = await store.listConnections([query]);
    const walk = normalizeSelection({ filter: { region: 'us-east-1', statuses: ['PENDING'] } });
    // The long list is first in the same call, so that the delete comes before the short one is read.
    const reading = store.listConnections([{ ...query, selection: walk }, query]);
    const writer = new BetterSqlite3(location);
    const gone = before?.[0]?.id;
    writer.prepare('DELETE FROM connections WHERE id = ?').run(gone);
    writer.close();
    const [, after] = await reading;
    expect(before?.length).toBeGreaterThan(2);
    expect(after?.map(({ id }) => id)).toEqual(before?.map(({ id }) => id).filter((id) => id !== gone));
  });
});
