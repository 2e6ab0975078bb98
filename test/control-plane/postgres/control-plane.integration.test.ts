import { describeProtonService } from '../../proton/proton-service.contract';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { createPostgresControlPlane, emptyTables } from '../../support/postgres-store';

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();

  describe.each([
    ['prepared statements', true],
    ['a proxy that shares sessions', false],
  ])('with %s', (_name, prepare) => {
    describeProtonService('embedded', { keepsHistory: true, counts: true }, async ({ quota }) => {
      const { service, store, clock } = await createPostgresControlPlane(database.url, { quota, prepare });
      await emptyTables(database);
      return { service, clock, close: store.close };
    });
  });
});
