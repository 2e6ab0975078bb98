import type { AccessKeyStore, StoredAccessKey } from '../../access-keys/access-keys';
import type { Database } from '../database';
import { reading, writing } from '../errors';

const COLUMNS = 'id, account_id, sealed_secret, created_at, revoked_at';

type KeyTuple = readonly [
  id: string,
  accountId: StoredAccessKey['accountId'],
  encryptedSecret: Buffer,
  createdAt: number,
  revokedAt: number | null,
];

export function accessKeysOn(database: Database): AccessKeyStore {
  async function keysOf(rows: Promise<readonly unknown[]>): Promise<readonly StoredAccessKey[]> {
    return ((await rows) as readonly KeyTuple[]).map(storedKeyOf);
  }

  async function find(id: string): Promise<StoredAccessKey | undefined> {
    const [key] = await keysOf(
      database.run({ text: `SELECT ${COLUMNS} FROM access_keys WHERE id = $1::text`, values: [id] }),
    );
    return key;
  }

  return {
    // PostgreSQL has no text with a NUL.
    find: (id) => reading(async () => (id.includes('\0') ? undefined : find(id))),
    list: () =>
      reading(() =>
        keysOf(database.run({ text: `SELECT ${COLUMNS} FROM access_keys ORDER BY created_at, id` })),
      ),
    add: ({ id, accountId, encryptedSecret, createdAt, revokedAt }) =>
      writing(async () => {
        await database.run({
          text: `INSERT INTO access_keys (${COLUMNS}) VALUES ($1::text, $2::text, $3::bytea, $4::bigint, $5::bigint)`,
          values: [id, accountId, encryptedSecret, createdAt, revokedAt],
        });
      }),
    revoke: (id, at) =>
      writing(async () => {
        await database.run({
          text: 'UPDATE access_keys SET revoked_at = $2::bigint WHERE id = $1::text AND revoked_at IS NULL',
          values: [id, at],
        });
        return find(id);
      }),
    readKeyCheck: () =>
      reading(async () => {
        const [row] = (await database.run({
          text: 'SELECT seal FROM access_key_seal',
        })) as readonly [Buffer][];
        return row?.[0];
      }),
    writeKeyCheck: (seal) =>
      writing(async () => {
        await database.run({
          text: 'INSERT INTO access_key_seal (id, seal) VALUES (1, $1::bytea) ON CONFLICT (id) DO UPDATE SET seal = excluded.seal',
          values: [seal],
        });
      }),
  };
}

function storedKeyOf([id, accountId, encryptedSecret, createdAt, revokedAt]: KeyTuple): StoredAccessKey {
  return { id, accountId, encryptedSecret, createdAt, revokedAt };
}
