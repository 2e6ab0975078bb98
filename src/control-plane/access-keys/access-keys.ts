import { type KeyObject, randomBytes } from 'node:crypto';

import type { EpochMilliseconds } from '../../proton/connection';
import type { AccountId } from '../../proton/identifiers';
import { decryptSecret, encryptSecret } from './secret-encryption';

/** A row of the store. The secret is encrypted with a key that the store never has. */
export interface StoredAccessKey {
  readonly id: string;
  readonly accountId: AccountId;
  readonly encryptedSecret: Buffer;
  readonly createdAt: EpochMilliseconds;
  /** Null unless the key is revoked. */
  readonly revokedAt: EpochMilliseconds | null;
}

/** The port to the database. Changes are durable when they resolve, and visible to every process at once. */
export interface AccessKeyStore {
  readonly find: (id: string) => Promise<StoredAccessKey | undefined>;
  /** All keys, oldest first. */
  readonly list: () => Promise<readonly StoredAccessKey[]>;
  readonly add: (key: StoredAccessKey) => Promise<void>;
  /** Returns the revoked key; undefined if there is none. A key that is revoked already keeps its `revokedAt`. */
  readonly revoke: (id: string, at: EpochMilliseconds) => Promise<StoredAccessKey | undefined>;
  /** A value that only the encryption key of the stored secrets can decrypt; undefined in a new store. */
  readonly readKeyCheck: () => Promise<Buffer | undefined>;
  readonly writeKeyCheck: (keyCheck: Buffer) => Promise<void>;
}

/** `ACCESS_KEY_ENCRYPTION_KEY` does not fit the stored keys. The message says how to fix it. */
export class AccessKeyError extends Error {
  override readonly name = 'AccessKeyError';
}

/** A new access key. Only now is its secret shown. */
export interface IssuedAccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: AccountId;
  readonly createdAt: EpochMilliseconds;
}

/** An access key without its secret. */
export interface AccessKeyDescription {
  readonly id: string;
  readonly accountId: AccountId;
  readonly createdAt: EpochMilliseconds;
  /** Null unless the key is revoked. */
  readonly revokedAt: EpochMilliseconds | null;
}

/** A key that is not revoked, with the secret that verifies its signatures. */
export interface UsableAccessKey {
  readonly id: string;
  readonly accountId: AccountId;
  readonly secretAccessKey: string;
}

/**
 * The access keys of AWS clients and routers. Nothing is cached: a change by one process takes effect in the others at once. Every
 * method may reject with a `ProtonFailure`, `UNAVAILABLE`, if the store cannot be read or written.
 */
export interface AccessKeys {
  /**
   * Creates a key that acts as this account.
   * @throws AccessKeyError if the store is bound to another encryption key
   */
  readonly issue: (accountId: AccountId) => Promise<IssuedAccessKey>;
  /** All keys, including revoked ones, oldest first. */
  readonly list: () => Promise<readonly AccessKeyDescription[]>;
  /** Revokes a key permanently and returns it; undefined if there is none with this id. */
  readonly revoke: (id: string) => Promise<AccessKeyDescription | undefined>;
  /**
   * The key with this id; undefined if it does not exist or is revoked.
   * @throws AccessKeyError if its secret was encrypted with another encryption key
   */
  readonly find: (id: string) => Promise<UsableAccessKey | undefined>;
  /**
   * Binds the store to the encryption key. Servers call this when they start. A store that is bound to another encryption key is
   * bound again if all keys are revoked that the other one encrypted: this is how to replace an encryption key.
   * @throws AccessKeyError if one of them is not revoked
   */
  readonly bind: () => Promise<void>;
}

export interface AccessKeysOptions {
  readonly store: AccessKeyStore;
  /** 32 bytes. Encrypts the secrets in the store. */
  readonly encryptionKey: KeyObject;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export function createAccessKeys({ store, encryptionKey, now = Date.now }: AccessKeysOptions): AccessKeys {
  function secretOf(key: StoredAccessKey): string {
    const secret = decryptSecret(key.encryptedSecret, key, encryptionKey);
    if (secret === undefined) {
      throw new AccessKeyError(
        `ACCESS_KEY_ENCRYPTION_KEY is not the one that encrypted the stored keys: it does not decrypt ${key.id}. ` +
          'Set it to the one with which that key was created, or revoke the key.',
      );
    }
    return secret;
  }

  async function binding(): Promise<'to-this-key' | 'to-another-key' | 'unbound'> {
    const keyCheck = await store.readKeyCheck();
    if (keyCheck === undefined) return 'unbound';
    return decryptSecret(keyCheck, KEY_CHECK, encryptionKey) === undefined ? 'to-another-key' : 'to-this-key';
  }

  async function bind(): Promise<void> {
    for (const key of await store.list()) if (key.revokedAt === null) secretOf(key);
    if ((await binding()) !== 'to-this-key') {
      await store.writeKeyCheck(encryptSecret('', KEY_CHECK, encryptionKey));
    }
  }

  return {
    async issue(accountId) {
      const bound = await binding();
      if (bound === 'to-another-key') {
        throw new AccessKeyError(
          'ACCESS_KEY_ENCRYPTION_KEY is not the one that the server was started with last: it could not use the key. Set it to that ' +
            'one; or, to replace it, revoke all keys and start the server with the new one first.',
        );
      }
      if (bound === 'unbound') await bind();
      const id = newKeyId();
      const secretAccessKey = newSecret();
      const createdAt = now();
      const encryptedSecret = encryptSecret(secretAccessKey, { id, accountId }, encryptionKey);
      await store.add({ id, accountId, encryptedSecret, createdAt, revokedAt: null });
      return { accessKeyId: id, secretAccessKey, accountId, createdAt };
    },

    list: async () => (await store.list()).map(descriptionOf),

    async revoke(id) {
      const revoked = await store.revoke(id, now());
      return revoked && descriptionOf(revoked);
    },

    async find(id) {
      const key = await store.find(id);
      if (key?.revokedAt !== null) return undefined;
      return { id: key.id, accountId: key.accountId, secretAccessKey: secretOf(key) };
    },

    bind,
  };
}

/** The owner that the key check is encrypted for. Part of the store's format. */
const KEY_CHECK = { id: 'seal', accountId: '' };

function descriptionOf({ id, accountId, createdAt, revokedAt }: StoredAccessKey): AccessKeyDescription {
  return { id, accountId, createdAt, revokedAt };
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The format of AWS: `AKIA` and 16 letters and digits, so that secret scanners recognise the keys. */
function newKeyId(): string {
  // 256 is a multiple of 32, so all characters are equally likely.
  return `AKIA${Array.from(randomBytes(16), (byte) => BASE32.charAt(byte % 32)).join('')}`;
}

/** 40 characters of base64: 240 random bits. */
function newSecret(): string {
  return randomBytes(30).toString('base64');
}
