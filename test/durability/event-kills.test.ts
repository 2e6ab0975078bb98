import { runEventChaos } from '../../scripts/events/run-chaos';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { useTemporaryFolder } from '../support/folder';
import { describeWithPostgres, usePostgres } from '../support/postgres';
import { openTestStore } from '../support/postgres-store';

/** `npm run chaos:events` does more of them. */
const KILLS = 2;
const CLIENTS = 4;
const SUBSCRIBERS = 1;

describe('A server that is killed while it sends events', () => {
  const folder = useTemporaryFolder();

  it('sends all of them after that, in order for each connection, and only those again that were on their way', async () => {
    const location = folder.path('proton.db');
    const seed = Date.now() % 2 ** 31;
    const { faults, changes } = await runEventChaos({
      database: `sqlite:${location}`,
      replicas: 1,
      clients: CLIENTS,
      kills: KILLS,
      subscribers: SUBSCRIBERS,
      seed,
      openStore: () => openSqliteStore({ location }),
    });
    expect({ seed, faults }).toEqual({ seed, faults: [] });
    expect(changes).toBeGreaterThan(KILLS);
  });
});

describeWithPostgres('Two replicas that are killed while they send events', () => {
  const database = usePostgres();

  it('send all of them between them, in order for each connection, and only those again that were on their way', async () => {
    const seed = Date.now() % 2 ** 31;
    const { faults, changes } = await runEventChaos({
      database: database.url,
      replicas: 2,
      clients: CLIENTS,
      kills: KILLS,
      subscribers: SUBSCRIBERS,
      seed,
      openStore: () => openTestStore(database.url),
    });
    expect({ seed, faults }).toEqual({ seed, faults: [] });
    expect(changes).toBeGreaterThan(KILLS);
  });
});
