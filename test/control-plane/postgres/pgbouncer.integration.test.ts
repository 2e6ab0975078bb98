import { describeProtonService } from '../../proton/proton-service.contract';
import { pgbouncerMissing, startPgbouncer } from '../../support/pgbouncer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import { createPostgresControlPlane, emptyTables } from '../../support/postgres-store';

const describeUnlessMissing = pgbouncerMissing === undefined ? describe : describe.skip;
const skipped = pgbouncerMissing === undefined ? '' : ` (skipped: ${pgbouncerMissing})`;

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();

  describeUnlessMissing(
    `through PgBouncer in transaction mode, without prepared statements${skipped}`,
    () => {
      let url = '';
      beforeAll(async () => {
        url = await startPgbouncer(database.url);
      });

      describeProtonService('embedded', { keepsHistory: true, counts: true }, async ({ quota }) => {
        const { service, store, clock } = await createPostgresControlPlane(url, { quota, prepare: false });
        await emptyTables(database);
        return { service, clock, close: store.close };
      });
    },
  );
});
