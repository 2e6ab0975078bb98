import type { Store } from '../../../src/control-plane/store';
import { describeProtonService } from '../../proton/proton-service.contract';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { describeAccounts } from '../accounts.contract';
import { describeOverviews } from '../overviews.contract';
import { describeVisibleLists } from '../visible-lists.contract';

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();

  describe.each([
    ['prepared statements', true],
    ['a proxy that shares sessions', false],
  ])('with %s', (_name, prepare) => {
    let store: Store;
    beforeAll(async () => {
      store = await openTestStore(database.url, { prepare });
    });
    afterAll(() => store.close());

    describeProtonService(
      'embedded over PostgreSQL',
      { keepsHistory: true, counts: true },
      async ({ quota }) => {
        await emptyTables(database);
        const { service, clock } = controlPlaneOn(store, { quota });
        return { service, clock, close: service.drained };
      },
    );

    describeVisibleLists('over PostgreSQL', async () => {
      await emptyTables(database);
      const { service, clock } = controlPlaneOn(store);
      return { service, clock, end: service.drained };
    });

    describeAccounts('over PostgreSQL', async () => {
      await emptyTables(database);
      const { service } = controlPlaneOn(store);
      return { service, end: service.drained };
    });

    describeOverviews('over PostgreSQL', async () => {
      await emptyTables(database);
      const { service, clock } = controlPlaneOn(store);
      return { service, clock, end: service.drained };
    });
  });
});
