import type { AccessKeyStore, StoredAccessKey } from '../../access-keys/access-keys';
import type { AccessKeyRow } from '../schema';
import { reading, sqlBuilder, type Statements } from '../statements';
import type { Transactions } from '../transactions';

export function accessKeysOn(statements: Statements, transactions: Transactions): AccessKeyStore {
  const rows = sqlBuilder.selectFrom('access_keys').selectAll();
  const find = (id: string) => {
    const row = statements.get(rows.where('id', '=', id).compile());
    return row && storedKeyOf(row);
  };
  return {
    find: (id) => reading(() => Promise.resolve(find(id))),

    list: () =>
      reading(() =>
        Promise.resolve(statements.all(rows.orderBy('created_at').orderBy('id').compile()).map(storedKeyOf)),
      ),

    add: ({ id, accountId, encryptedSecret, createdAt, revokedAt }) =>
      transactions.run(() => {
        statements.run(
          sqlBuilder
            .insertInto('access_keys')
            .values({
              id,
              account_id: accountId,
              sealed_secret: encryptedSecret,
              created_at: createdAt,
              revoked_at: revokedAt,
            })
            .compile(),
        );
      }),

    revoke: (id, at) =>
      transactions.run(() => {
        statements.run(
          sqlBuilder
            .updateTable('access_keys')
            .set({ revoked_at: at })
            .where('id', '=', id)
            .where('revoked_at', 'is', null)
            .compile(),
        );
        return find(id);
      }),

    readKeyCheck: () =>
      reading(() =>
        Promise.resolve(
          statements.get(sqlBuilder.selectFrom('access_key_seal').select('seal').compile())?.seal,
        ),
      ),

    writeKeyCheck: (seal) =>
      transactions.run(() => {
        statements.run(
          sqlBuilder
            .insertInto('access_key_seal')
            .values({ id: 1, seal })
            .onConflict((conflict) => conflict.column('id').doUpdateSet({ seal }))
            .compile(),
        );
      }),
  };
}

function storedKeyOf(row: AccessKeyRow): StoredAccessKey {
  return {
    id: row.id,
    accountId: row.account_id,
    encryptedSecret: row.sealed_secret,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
