import { randomBytes, type KeyObject } from 'node:crypto';

import type { EpochMilliseconds } from '../../proton/connection';
import type { AccessKeyStore, StoredAccessKey } from './access-key-store';
import type { AccountId } from '../../proton/identifiers';
import { openSecret, sealSecret } from './sealed-secret';

/** What is wrong with the access keys, or with the key that their secrets are sealed under, told to an operator. */
export class AccessKeyError extends Error {
  override readonly name = 'AccessKeyError';
}

/** An access key as it is handed to its owner, once. */
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
  /** Null while it is good. */
  readonly revokedAt: EpochMilliseconds | null;
}

/** What a signature is verified with. */
export interface UsableAccessKey {
  readonly id: string;
  readonly accountId: AccountId;
  readonly secretAccessKey: string;
}

/**
 * The access keys that callers of the endpoint sign with. Every call goes to the store, so what one process changes holds in
 * the others at once. Each method may reject with a `ProtonFailure`, `UNAVAILABLE`, when the store can't be read or written.
 */
export interface AccessKeys {
  /**
   * Makes a key that acts as this account.
   * @throws AccessKeyError when the store is bound to another encryption key
   */
  readonly issue: (accountId: AccountId) => Promise<IssuedAccessKey>;
  /** All keys, the revoked ones too, oldest first. */
  readonly list: () => Promise<readonly AccessKeyDescription[]>;
  /** Ends a key for good and answers it as it then is; undefined where there is none of this id. */
  readonly revoke: (id: string) => Promise<AccessKeyDescription | undefined>;
  /**
   * The key of this id; undefined where there is none that is good.
   * @throws AccessKeyError when its secret was sealed under another encryption key
   */
  readonly find: (id: string) => Promise<UsableAccessKey | undefined>;
  /**
   * Binds the store to the encryption key, for a server that starts. It may have been bound to another as long as no key is good
   * that was sealed under it: that is how an encryption key is replaced.
   * @throws AccessKeyError when there is one
   */
  readonly bind: () => Promise<void>;
}

export interface AccessKeyParts {
  readonly store: AccessKeyStore;
  /** 32 bytes, under which the secrets are sealed. */
  readonly encryptionKey: KeyObject;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export function createAccessKeys({ store, encryptionKey, now = Date.now }: AccessKeyParts): AccessKeys {
  function secretOf(key: StoredAccessKey): string {
    const secret = openSecret(key.sealedSecret, key, encryptionKey);
    if (secret === undefined) {
      throw new AccessKeyError(
        `ACCESS_KEY_ENCRYPTION_KEY is not the one that the stored keys were sealed under: it does not open ${key.id}. ` +
          'Set it to the one with which that key was created, or revoke the key.',
      );
    }
    return secret;
  }

  async function isBound(): Promise<'here' | 'elsewhere' | 'nowhere'> {
    const seal = await store.readSeal();
    if (seal === undefined) return 'nowhere';
    return openSecret(seal, SEAL, encryptionKey) === undefined ? 'elsewhere' : 'here';
  }

  async function bind(): Promise<void> {
    for (const key of await store.list()) if (key.revokedAt === null) secretOf(key);
    if ((await isBound()) !== 'here') await store.writeSeal(sealSecret('', SEAL, encryptionKey));
  }

  return {
    async issue(accountId) {
      const bound = await isBound();
      if (bound === 'elsewhere') {
        throw new AccessKeyError(
          'ACCESS_KEY_ENCRYPTION_KEY is not the one that the server was started with last: it could not use the key. Set it to that ' +
            'one; or, to replace it, revoke all keys and start the server with the new one first.',
        );
      }
      if (bound === 'nowhere') await bind();
      const id = newKeyId();
      const secretAccessKey = newSecret();
      const createdAt = now();
      const sealedSecret = sealSecret(secretAccessKey, { id, accountId }, encryptionKey);
      await store.add({ id, accountId, sealedSecret, createdAt, revokedAt: null });
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

/** Sealed like a secret, it is nobody's. */
const SEAL = { id: 'seal', accountId: '' };

function descriptionOf({ id, accountId, createdAt, revokedAt }: StoredAccessKey): AccessKeyDescription {
  return { id, accountId, createdAt, revokedAt };
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** As AWS writes them: `AKIA` and 16 letters and digits, so that what recognises a key by its look recognises these. */
function newKeyId(): string {
  // 256 is a multiple of 32, so each character is as likely as any other.
  return `AKIA${Array.from(randomBytes(16), (byte) => BASE32.charAt(byte % 32)).join('')}`;
}

/** 40 characters of base64: 240 random bits. */
function newSecret(): string {
  return randomBytes(30).toString('base64');
}
