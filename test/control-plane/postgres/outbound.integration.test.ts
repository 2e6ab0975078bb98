import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { controlPlaneOn, emptyTables, openTestStore } from '../../support/postgres-store';
import { describeOutbound } from '../outbound.contract';

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();

  describe.each(['read committed', 'serializable'])('at %s', (isolation) => {
    beforeAll(async () => {
      const name = new URL(database.url).pathname.slice(1);
      await database.query(`ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`);
    });

    describeOutbound('in its tables', async () => {
      const store = await openTestStore(database.url);
      await emptyTables(database);
      return { ...controlPlaneOn(store), end: store.close };
    });
  });
});
