import { randomBytes, type KeyObject } from 'node:crypto';

import type { EpochMilliseconds } from '../../proton/connection';
import type { AccessKeyStore, StoredAccessKey } from '../../proton/embedded/access-key-store';
import type { AccountId } from '../../proton/identifiers';
import { AccessKeyError } from './access-key-error';
import { openSecret, sealSecret } from './sealed-secret';

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
  readonly revoked: boolean;
}

/**
 * The access keys that callers of the endpoint sign with. Every call goes to the store, so what one process changes holds in
 * the others at once. Each method may reject with a `ProtonFailure`, `UNAVAILABLE`, when the store can't be read or written.
 */
export interface AccessKeys {
  /**
   * Makes a key that acts as this account.
   * @throws AccessKeyError when there are keys that were sealed under another encryption key
   */
  readonly issue: (accountId: AccountId) => Promise<IssuedAccessKey>;
  /** All keys, the revoked ones too, oldest first. */
  readonly list: () => Promise<readonly AccessKeyDescription[]>;
  /** Ends a key for good and answers it as it then is; undefined where there is none of this id. */
  readonly revoke: (id: string) => Promise<AccessKeyDescription | undefined>;
  /**
   * The key of this id, revoked or not; undefined where there is none.
   * @throws AccessKeyError when its secret was sealed under another encryption key
   */
  readonly find: (id: string) => Promise<UsableAccessKey | undefined>;
  /** @throws AccessKeyError when there are keys that were sealed under another encryption key */
  readonly checkEncryptionKey: () => Promise<void>;
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
          'Set it to the one with which that key was created.',
      );
    }
    return secret;
  }

  async function checkEncryptionKey(): Promise<void> {
    for (const key of await store.list()) secretOf(key);
  }

  return {
    async issue(accountId) {
      await checkEncryptionKey();
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
      return (
        key && {
          id: key.id,
          accountId: key.accountId,
          secretAccessKey: secretOf(key),
          revoked: key.revokedAt !== null,
        }
      );
    },

    checkEncryptionKey,
  };
}

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
