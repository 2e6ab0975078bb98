import type BetterSqlite3 from 'better-sqlite3';

import type { AccessKeyStore, StoredAccessKey } from '../../access-keys/access-keys';
import { reading } from '../errors';
import { pin } from '../pin-native';
import type { AccessKeyRow } from '../schema';
import type { Transactions } from '../transactions';

export function accessKeysOn(database: BetterSqlite3.Database, transactions: Transactions): AccessKeyStore {
  const findRow = pin(database.prepare<[id: string], AccessKeyRow>('SELECT * FROM access_keys WHERE id = ?'));
  const all = pin(database.prepare<[], AccessKeyRow>('SELECT * FROM access_keys ORDER BY created_at, id'));
  const insert = pin(
    database.prepare<[StoredAccessKey]>(
      `INSERT INTO access_keys (id, account_id, sealed_secret, created_at, revoked_at)
       VALUES (@id, @accountId, @encryptedSecret, @createdAt, @revokedAt)`,
    ),
  );
  const setRevoked = pin(
    database.prepare<[at: number, id: string]>(
      'UPDATE access_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
    ),
  );
  const readSeal = pin(database.prepare<[], Buffer>('SELECT seal FROM access_key_seal').pluck(true));
  const writeSeal = pin(
    database.prepare<[seal: Buffer]>(
      'INSERT INTO access_key_seal (id, seal) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET seal = excluded.seal',
    ),
  );

  function find(id: string): StoredAccessKey | undefined {
    const row = findRow.get(id);
    return row && storedKeyOf(row);
  }

  return {
    find: (id) => reading(() => Promise.resolve(find(id))),
    list: () => reading(() => Promise.resolve(all.all().map(storedKeyOf))),
    add: (key) => transactions.run(() => void insert.run(key)),
    revoke: (id, at) =>
      transactions.run(() => {
        setRevoked.run(at, id);
        return find(id);
      }),
    readKeyCheck: () => reading(() => Promise.resolve(readSeal.get())),
    writeKeyCheck: (seal) => transactions.run(() => void writeSeal.run(seal)),
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
