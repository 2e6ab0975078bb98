import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from 'pg';

import { inconsistenciesOf } from '../../../scripts/postgres/inconsistencies';
import { backfillDecisions } from '../../../src/control-plane/postgres/first-decisions';
import { BOOKKEEPING, SCHEMA_STEPS } from '../../../src/control-plane/postgres/schema/steps';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import type { SentStatement } from '../../support/postgres-plans';
import { controlPlaneOn, openTestStore, withDatabase } from '../../support/postgres-store';
import { ENVIRONMENT, MANAGEMENT } from '../../support/proton';
import { called } from '../change-feed.contract';

/** What the version before this one sent to its database, as scripts/postgres/record-statements.ts has recorded it. */
const recorded = JSON.parse(readFileSync(join(__dirname, 'previous-version.json'), 'utf8')) as Record<
  'migrate' | 'create' | 'change' | 'feed' | 'read',
  readonly SentStatement[]
> & { readonly commit: string };

/** The steps of its schema. */
const previousSteps = recorded.migrate
  .map(({ text }) => text)
  .filter((text) => /^(?:CREATE|ALTER|INSERT INTO feed_head)/.test(text) && !BOOKKEEPING.includes(text));

describeWithPostgres(`The version of commit ${recorded.commit.slice(0, 7)} beside this one`, () => {
  let previous: Client;
  // Before the database is dropped.
  afterAll(() => previous.end());
  const database = usePostgres();
  beforeAll(async () => {
    previous = new Client({ connectionString: database.url });
    await previous.connect();
  });

  const prepared: string[] = [];

  /** Sends what it sent, in one session, where statements stay prepared while the schema changes. @returns the rows of the last one */
  async function send(statements: readonly SentStatement[]): Promise<readonly unknown[]> {
    let rows: readonly unknown[] = [];
    for (const { text, values } of statements) {
      if (!prepared.includes(text)) prepared.push(text);
      const name = values.length === 0 ? undefined : `previous_${String(prepared.indexOf(text))}`;
      ({ rows } = await previous.query({ text, values: [...values], rowMode: 'array', name }));
    }
    return rows;
  }

  it('has steps of the schema that this version has too, unchanged', () => {
    expect(previousSteps.length).toBeGreaterThan(10);
    expect(SCHEMA_STEPS.map(({ statement }) => statement)).toEqual(expect.arrayContaining(previousSteps));
  });

  it('goes on with reads and writes after this version has changed the schema, and both see all changes', async () => {
    await send(recorded.migrate);
    await send(recorded.create);
    await send(recorded.read);

    const store = await openTestStore(database.url);
    const session = controlPlaneOn(store).service.session(unrestrictedViewer('this version'));
    const created = await session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'of-this-version',
    });
    await send(recorded.change);
    await session.acceptConnection(created);
    await send(recorded.feed);
    expect(await send(recorded.read)).toMatchObject([expect.arrayContaining(['kept', 'CONNECTED'])]);

    const [page] = await session.listConnections([{ first: 10 }]);
    if (!page || page instanceof Error) throw new Error('no page', { cause: page });
    const kept = page.items.find(({ environmentName }) => environmentName === 'kept');
    expect(page.items.map(({ environmentName }) => environmentName).toSorted()).toEqual([
      'kept',
      'of-this-version',
    ]);
    if (!kept) throw new Error('not found');
    await session.rejectConnection(kept);
    const [history] = await session.listHistory([{ connection: kept, first: 10 }]);
    if (!history || history instanceof Error) throw new Error('no history', { cause: history });
    expect(history.items.map(({ type }) => type)).toEqual([
      'REJECTED',
      'UPDATED',
      'ACCEPTED',
      'TAGGED',
      'CREATED',
    ]);

    while ((await store.feed.head()) < 8) await called(store);
    const changes = await store.feed.read(0, 100);
    if (changes === 'removed') throw new Error('the feed has lost changes');
    const ofBoth = changes.changes.filter(({ event }) => [kept.id, created.id].includes(event.connectionId));
    expect(ofBoth.map(({ event: { type, actor } }) => `${type} by ${actor}`).toSorted()).toEqual([
      'ACCEPTED by recorded',
      'ACCEPTED by this version',
      'CREATED by recorded',
      'CREATED by this version',
      'REJECTED by this version',
    ]);
    await store.close();
    await withDatabase(database.url, (opened) => backfillDecisions(opened));
    expect(await inconsistenciesOf(database.query)).toEqual([]);
  });
});
