import type { Store } from '../../../src/control-plane/store';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { describeAgainstModel } from '../model/control-plane-against-model.contract';

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();
  let store: Store;
  beforeAll(async () => {
    store = await openTestStore(database.url);
  });
  afterAll(() => store.close());

  describeAgainstModel('over PostgreSQL', 500, async ({ quota }) => {
    await emptyTables(database);
    const { service, clock } = controlPlaneOn(store, { quota });
    return { service, clock, end: service.drained };
  });
});
