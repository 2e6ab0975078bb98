import { createSecretKey, randomBytes } from 'node:crypto';

import { AccessKeyError, createAccessKeys } from '../../src/control-plane/access-keys/access-keys';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
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

  it('have the format of AWS’s, and are unique', async () => {
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
    });
    expect(await keys.accessKeys.find('AKIAAAAAAAAAAAAAAAAA')).toBeUndefined();
  });

  it('are listed oldest first, the revoked ones too, without a secret', async () => {
    const issued = [];
    for (const accountId of [ENVIRONMENT, MANAGEMENT, ENVIRONMENT, MANAGEMENT]) {
      issued.push(await keys.accessKeys.issue(accountId));
      keys.clock.advance(1000);
    }
    await keys.accessKeys.revoke(issued[0]?.accessKeyId ?? '');
    expect(await keys.accessKeys.list()).toEqual(
      issued.map(({ accessKeyId: id, accountId }, index) => ({
        id,
        accountId,
        createdAt: START + 1000 * index,
        revokedAt: index === 0 ? START + 4000 : null,
      })),
    );
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
    expect(await keys.accessKeys.find(accessKeyId)).toBeUndefined();
    expect(await keys.accessKeys.revoke('AKIAAAAAAAAAAAAAAAAA')).toBeUndefined();
  });

  it('are stored with an encrypted secret and a nonce of their own', async () => {
    const { accessKeyId, secretAccessKey } = await keys.accessKeys.issue(ENVIRONMENT);
    const { accessKeyId: other } = await keys.accessKeys.issue(ENVIRONMENT);
    const [one, two] = [await keys.store.find(accessKeyId), await keys.store.find(other)];
    expect(one?.encryptedSecret.includes(secretAccessKey)).toBe(false);
    expect(one?.encryptedSecret.includes(secretAccessKey.slice(0, 8))).toBe(false);
    expect(one?.encryptedSecret).toHaveLength(12 + 16 + 40);
    expect(one?.encryptedSecret.subarray(0, 12)).not.toEqual(two?.encryptedSecret.subarray(0, 12));
  });

  it('are decrypted with their own encryption key only; the error names the variable', async () => {
    const { accessKeyId } = await keys.accessKeys.issue(ENVIRONMENT);
    // Every key in the list is checked, not just the first.
    await keys.accessKeys.issue(MANAGEMENT);
    await keys.accessKeys.bind();
    for (const refused of [keys.withAnotherKey.bind(), keys.withAnotherKey.find(accessKeyId)]) {
      await expect(refused).rejects.toThrow(AccessKeyError);
      await expect(refused).rejects.toThrow(
        'ACCESS_KEY_ENCRYPTION_KEY is not the one that encrypted the stored keys',
      );
    }
    // Operations that need no secret still work.
    expect(await keys.withAnotherKey.list()).toHaveLength(2);
    expect(await keys.withAnotherKey.revoke(accessKeyId)).toMatchObject({ id: accessKeyId });
    await expect(keys.withAnotherKey.bind()).rejects.toThrow(AccessKeyError);
  });

  it('are issued only with the encryption key that the server was last started with', async () => {
    await keys.accessKeys.bind();
    await expect(keys.withAnotherKey.issue(ENVIRONMENT)).rejects.toThrow(
      'ACCESS_KEY_ENCRYPTION_KEY is not the one that the server was started with last',
    );
    expect(await keys.accessKeys.list()).toEqual([]);
    await keys.accessKeys.issue(ENVIRONMENT);
  });

  it('allow another encryption key once all of them are revoked', async () => {
    const { accessKeyId } = await keys.accessKeys.issue(ENVIRONMENT);
    await keys.accessKeys.revoke(accessKeyId);
    await keys.withAnotherKey.bind();
    await keys.withAnotherKey.issue(ENVIRONMENT);
    await expect(keys.accessKeys.issue(ENVIRONMENT)).rejects.toThrow(AccessKeyError);
    expect(await keys.withAnotherKey.find(accessKeyId)).toBeUndefined();
  });

  it('are visible and revoked at once in every process on the same file', async () => {
    const location = folder.path('proton.db');
    const [here, there] = [openSqliteStore({ location }), openSqliteStore({ location })];
    const encryptionKey = newKey();
    const server = createAccessKeys({ store: here.accessKeys, encryptionKey });
    const operator = createAccessKeys({ store: there.accessKeys, encryptionKey });
    const { accessKeyId } = await operator.issue(ENVIRONMENT);
    expect(await server.find(accessKeyId)).toMatchObject({ accountId: ENVIRONMENT });
    await operator.revoke(accessKeyId);
    expect(await server.find(accessKeyId)).toBeUndefined();
    await Promise.all([here.close(), there.close()]);
  });

  it.each<
    [string, (encrypted: Buffer) => { id?: string; accountId?: typeof MANAGEMENT; encryptedSecret?: Buffer }]
  >([
    ['another account', () => ({ accountId: MANAGEMENT })],
    ['another id', () => ({ id: 'AKIAAAAAAAAAAAAAAAAA' })],
    ['a changed nonce', (encrypted) => ({ encryptedSecret: changedAt(encrypted, 0) })],
    ['a changed tag', (encrypted) => ({ encryptedSecret: changedAt(encrypted, 12) })],
    ['a changed secret', (encrypted) => ({ encryptedSecret: changedAt(encrypted, 28) })],
    ['an empty secret', () => ({ encryptedSecret: Buffer.alloc(0) })],
    ['half a tag', (encrypted) => ({ encryptedSecret: encrypted.subarray(0, 20) })],
    ['no ciphertext', (encrypted) => ({ encryptedSecret: encrypted.subarray(0, 28) })],
  ])('are not decrypted from a row with %s', async (_title, change) => {
    const { accessKeyId } = await keys.accessKeys.issue(ENVIRONMENT);
    const stored = await keys.store.find(accessKeyId);
    if (!stored) throw new Error('the store does not contain the key');
    const forged = { ...stored, ...change(stored.encryptedSecret) };
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
