import type { EpochMilliseconds } from '../../proton/connection';
import type { AccountId } from '../../proton/identifiers';

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
