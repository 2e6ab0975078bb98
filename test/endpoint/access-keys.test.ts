import { createSecretKey, randomBytes } from 'node:crypto';

import { AccessKeyError } from '../../src/endpoint/access-keys/access-key-error';
import { createAccessKeys } from '../../src/endpoint/access-keys/access-keys';
import { openSqliteStore } from '../../src/proton/embedded/sqlite/sqlite-store';
import { useTemporaryFolder } from '../support/folder';
import { createClock, ENVIRONMENT, MANAGEMENT, START } from '../support/proton';

const folder = useTemporaryFolder();

function newKey() {
  return createSecretKey(randomBytes(32));
}

function setUp() {
  const { accessKeys: store, close } = openSqliteStore({ location: ':memory:' });
  const clock = createClock();
  const encryptionKey = newKey();
  return {
    store,
    close,
    clock,
    encryptionKey,
    accessKeys: createAccessKeys({ store, encryptionKey, now: clock.now }),
    withAnotherKey: createAccessKeys({ store, encryptionKey: newKey(), now: clock.now }),
  };
}

describe('Access keys', () => {
  let keys: ReturnType<typeof setUp>;

  beforeEach(() => {
    keys = setUp();
  });

  afterEach(() => keys.close());

  it('look like those of AWS, and no two are the same', async () => {
    const issued = await Promise.all(Array.from({ length: 20 }, () => keys.accessKeys.issue(ENVIRONMENT)));
    for (const { accessKeyId, secretAccessKey, accountId, createdAt } of issued) {
      expect(accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
      expect(secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
      expect([accountId, createdAt]).toEqual([ENVIRONMENT, START]);
    }
    expect(new Set(issued.flatMap((key) => [key.accessKeyId, key.secretAccessKey])).size).toBe(40);
  });

  it('are found with the secret that was issued', async () => {
    const { accessKeyId, secretAccessKey } = await keys.accessKeys.issue(ENVIRONMENT);
    expect(await keys.accessKeys.find(accessKeyId)).toEqual({
      id: accessKeyId,
      accountId: ENVIRONMENT,
      secretAccessKey,
      revoked: false,
    });
    expect(await keys.accessKeys.find('AKIAAAAAAAAAAAAAAAAA')).toBeUndefined();
  });

  it('are listed oldest first, the revoked ones too, without a secret', async () => {
    const first = await keys.accessKeys.issue(ENVIRONMENT);
    keys.clock.advance(1000);
    const second = await keys.accessKeys.issue(MANAGEMENT);
    keys.clock.advance(1000);
    await keys.accessKeys.revoke(first.accessKeyId);
    expect(await keys.accessKeys.list()).toEqual([
      { id: first.accessKeyId, accountId: ENVIRONMENT, createdAt: START, revokedAt: START + 2000 },
      { id: second.accessKeyId, accountId: MANAGEMENT, createdAt: START + 1000, revokedAt: null },
    ]);
  });

  it('are revoked once and for good', async () => {
    const { accessKeyId } = await keys.accessKeys.issue(ENVIRONMENT);
    const revoked = await keys.accessKeys.revoke(accessKeyId);
    keys.clock.advance(1000);
    expect(await keys.accessKeys.revoke(accessKeyId)).toEqual(revoked);
    expect(revoked).toEqual({
      id: accessKeyId,
      accountId: ENVIRONMENT,
      createdAt: START,
      revokedAt: START,
    });
    expect(await keys.accessKeys.find(accessKeyId)).toMatchObject({ revoked: true });
    expect(await keys.accessKeys.revoke('AKIAAAAAAAAAAAAAAAAA')).toBeUndefined();
  });

  it('are stored sealed: nothing of the secret, and never the same bytes for the same secret', async () => {
    const { accessKeyId, secretAccessKey } = await keys.accessKeys.issue(ENVIRONMENT);
    const { accessKeyId: other } = await keys.accessKeys.issue(ENVIRONMENT);
    const [one, two] = [await keys.store.find(accessKeyId), await keys.store.find(other)];
    expect(one?.sealedSecret.includes(secretAccessKey)).toBe(false);
    expect(one?.sealedSecret.includes(secretAccessKey.slice(0, 8))).toBe(false);
    expect(one?.sealedSecret).toHaveLength(12 + 16 + 40);
    expect(one?.sealedSecret.subarray(0, 12)).not.toEqual(two?.sealedSecret.subarray(0, 12));
  });

  it('open with the encryption key alone that sealed them, and say so', async () => {
    const { accessKeyId } = await keys.accessKeys.issue(ENVIRONMENT);
    await keys.accessKeys.checkEncryptionKey();
    for (const refused of [
      keys.withAnotherKey.checkEncryptionKey(),
      keys.withAnotherKey.find(accessKeyId),
      keys.withAnotherKey.issue(ENVIRONMENT),
    ]) {
      await expect(refused).rejects.toThrow(AccessKeyError);
      await expect(refused).rejects.toThrow(
        'ACCESS_KEY_ENCRYPTION_KEY is not the one that the stored keys were sealed under',
      );
    }
    // What needs no secret goes on.
    expect(await keys.withAnotherKey.list()).toHaveLength(1);
    expect(await keys.withAnotherKey.revoke(accessKeyId)).toMatchObject({ id: accessKeyId });
  });

  it('are known at once to every process on the same file, and revoked at once', async () => {
    const location = folder.path('proton.db');
    const [here, there] = [openSqliteStore({ location }), openSqliteStore({ location })];
    const encryptionKey = newKey();
    const server = createAccessKeys({ store: here.accessKeys, encryptionKey });
    const operator = createAccessKeys({ store: there.accessKeys, encryptionKey });
    const { accessKeyId } = await operator.issue(ENVIRONMENT);
    expect(await server.find(accessKeyId)).toMatchObject({ revoked: false });
    await operator.revoke(accessKeyId);
    expect(await server.find(accessKeyId)).toMatchObject({ revoked: true });
    await Promise.all([here.close(), there.close()]);
  });

  it('take any encryption key as long as there are none', async () => {
    await expect(keys.accessKeys.checkEncryptionKey()).resolves.toBeUndefined();
    await expect(keys.withAnotherKey.checkEncryptionKey()).resolves.toBeUndefined();
  });

  it.each<
    [string, (sealed: Buffer) => { id?: string; accountId?: typeof MANAGEMENT; sealedSecret?: Buffer }]
  >([
    ['another account', () => ({ accountId: MANAGEMENT })],
    ['another id', () => ({ id: 'AKIAAAAAAAAAAAAAAAAA' })],
    ['a changed nonce', (sealed) => ({ sealedSecret: changedAt(sealed, 0) })],
    ['a changed tag', (sealed) => ({ sealedSecret: changedAt(sealed, 12) })],
    ['a changed secret', (sealed) => ({ sealedSecret: changedAt(sealed, 28) })],
    ['nothing left of it', () => ({ sealedSecret: Buffer.alloc(0) })],
    ['half a tag', (sealed) => ({ sealedSecret: sealed.subarray(0, 20) })],
    ['no ciphertext', (sealed) => ({ sealedSecret: sealed.subarray(0, 28) })],
  ])('do not open in a row with %s', async (_title, change) => {
    const { accessKeyId } = await keys.accessKeys.issue(ENVIRONMENT);
    const stored = await keys.store.find(accessKeyId);
    if (!stored) throw new Error('the key is gone');
    const forged = { ...stored, ...change(stored.sealedSecret) };
    const store = { ...keys.store, find: () => Promise.resolve(forged) };
    const { encryptionKey } = keys;
    expect(await createAccessKeys({ store: keys.store, encryptionKey }).find(accessKeyId)).toBeDefined();
    await expect(createAccessKeys({ store, encryptionKey }).find(forged.id)).rejects.toThrow(AccessKeyError);
  });
});

function changedAt(bytes: Buffer, index: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[index] = (changed[index] ?? 0) ^ 1;
  return changed;
}
