import type { Store } from '../../../src/control-plane/store';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { createClock } from '../../support/proton';
import { describeAgainstModel } from '../model/control-plane-against-model.contract';

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();
  let store: Store;
  /** One for all sequences: each minute the store deletes the client tokens that have expired by the latest write, whichever sequence made it. */
  const clock = createClock();
  beforeAll(async () => {
    store = await openTestStore(database.url);
  });
  afterAll(() => store.close());

  describeAgainstModel('over PostgreSQL', 500, async ({ quota }) => {
    await emptyTables(database);
    const { service } = controlPlaneOn(store, { quota, clock });
    return { service, clock, end: service.drained };
  });
});
