import { runChaos } from '../../../scripts/postgres/chaos/run-chaos';
import { describeWithPostgres, installedPostgres } from '../../support/postgres';

/** `npm run chaos:postgres` does more of them. */
const KILLS = 8;

describeWithPostgres('Two replicas that are killed with their PostgreSQL, under load', () => {
  it('keep every acknowledged write, no write in part, and every change in the feed once', async () => {
    const seed = Date.now() % 2 ** 31;
    const { faults, acknowledged, kills } = await runChaos({
      installation: installedPostgres(),
      settings: { fsync: 'off' },
      seed,
      kills: KILLS,
    });
    expect({ seed, faults }).toEqual({ seed, faults: [] });
    expect(kills.replica + kills.backend + kills.postmaster).toBe(KILLS);
    expect(acknowledged).toBeGreaterThan(KILLS);
  });
});
