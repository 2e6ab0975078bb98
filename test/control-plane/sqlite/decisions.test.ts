import BetterSqlite3 from 'better-sqlite3';

import { MIGRATIONS } from '../../../src/control-plane/sqlite/migrations';
import { medianOf } from '../../../src/control-plane/sqlite/queries/median';
import { openSqliteStore } from '../../../src/control-plane/sqlite/sqlite-store';
import { normalizeSelection } from '../../../src/proton/page';
import { useTemporaryFolder } from '../../support/folder';
import { ENVIRONMENT, MANAGEMENT, START } from '../../support/proton';

const folder = useTemporaryFolder();
const WEEK = 7 * 24 * 60 * 60 * 1000;

/** A file of the version before decisions had a table, with connections that were decided. */
function writeOlderFile(location: string): void {
  const version = MIGRATIONS.findIndex((migration) => migration.includes('connection_decisions'));
  const older = new BetterSqlite3(location);
  older.exec(
    `PRAGMA journal_mode = WAL; ${MIGRATIONS.slice(0, version).join(';')}; PRAGMA application_id = 0x7072746e; PRAGMA user_version = ${String(version)}`,
  );
  const connection = older.prepare(
    `INSERT INTO connections (id, region, status, environment_name, management_account_id, environment_account_id,
       requested_at, last_modified_at, tags) VALUES (?, 'us-east-1', ?, ?, ?, ?, ?, 0, '[]')`,
  );
  const event = older.prepare(
    `INSERT INTO connection_events (id, connection_id, type, previous_status, status, actor, occurred_at)
     VALUES (?, ?, ?, ?, ?, 'someone', ?)`,
  );
  const id = (index: number) => `00000000-0000-4000-8000-00000000000${String(index)}`;
  ['CONNECTED', 'REJECTED', 'PENDING'].forEach((status, index) => {
    connection.run(id(index), status, `env-${String(index)}`, MANAGEMENT, ENVIRONMENT, START);
    event.run(`created-${String(index)}`, id(index), 'CREATED', null, 'PENDING', START);
  });
  event.run('accepted', id(0), 'ACCEPTED', 'PENDING', 'CONNECTED', START + 1_000);
  event.run('also-accepted', id(1), 'ACCEPTED', 'PENDING', 'CONNECTED', START + 3_000);
  // Withdrawn: no first decision.
  event.run('withdrawn', id(1), 'REJECTED', 'CONNECTED', 'REJECTED', START + 9_000);
  // Deleted since then.
  event.run('gone', id(9), 'ACCEPTED', 'PENDING', 'CONNECTED', START + 5_000);
  older.close();
}

describe('A file of an earlier version', () => {
  it('has the decisions of its history in overviews', async () => {
    const location = folder.path('proton.db');
    writeOlderFile(location);
    const store = openSqliteStore({ location });
    const overview = await store.readOverview({
      selection: normalizeSelection({}),
      visibleTo: 'every',
      period: { startsAt: START - WEEK, weeks: 2 },
    });
    await store.close();
    expect(overview).toEqual({
      byStatus: { PENDING: 1, CONNECTED: 1, REJECTED: 1 },
      oldestPendingAt: START,
      medianDecisionMs: 2_000,
      weeks: [
        { startsAt: START - WEEK, requested: 0, accepted: 0, rejected: 0 },
        { startsAt: START, requested: 3, accepted: 2, rejected: 0 },
      ],
    });
  });
});

describe('The median', () => {
  it.each([
    [[], null],
    [[7], 7],
    [[3, 1], 2],
    [[5, 5, 5, 1], 5],
    [[9, 1, 5, 7, 3], 5],
    [Array.from({ length: 1_000 }, (_, index) => (index * 617) % 1_000), 499.5],
  ])('of %j is %d', (numbers, expected) => {
    const steps = medianOf(numbers);
    let step = steps.next();
    while (!step.done) step = steps.next();
    expect(step.value).toBe(expected);
  });
});
