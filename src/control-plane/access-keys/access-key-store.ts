import type { EpochMilliseconds } from '../../proton/connection';
import type { AccountId } from '../../proton/identifiers';

/** An access key as it is kept: its secret is sealed, under a key that the store never sees. */
export interface StoredAccessKey {
  readonly id: string;
  readonly accountId: AccountId;
  readonly sealedSecret: Buffer;
  readonly createdAt: EpochMilliseconds;
  /** Null while it is good. */
  readonly revokedAt: EpochMilliseconds | null;
}

/** What the endpoint asks of a database. Changes are durable when they resolve, and seen at once by every process. */
export interface AccessKeyStore {
  readonly find: (id: string) => Promise<StoredAccessKey | undefined>;
  /** All of them, oldest first. */
  readonly list: () => Promise<readonly StoredAccessKey[]>;
  readonly add: (key: StoredAccessKey) => Promise<void>;
  /** Answers the key as it then is, undefined where there is none. One that was revoked before keeps that time. */
  readonly revoke: (id: string, at: EpochMilliseconds) => Promise<StoredAccessKey | undefined>;
  /** Something that was sealed under the key that the secrets are sealed under; undefined where there is nothing yet. */
  readonly readSeal: () => Promise<Buffer | undefined>;
  readonly writeSeal: (seal: Buffer) => Promise<void>;
}
