import type {
  Connection,
  ConnectionRoles,
  ConnectionView,
  EpochMilliseconds,
  Tag,
} from '../../proton/connection';

/**
 * What moving in asks of a database: one file's records are gathered aside, judged against the store, and written together or
 * not at all.
 */
export interface ImportStore {
  /**
   * Begins to gather one file's records. Until that import is settled or closed, this store takes no other write; other processes
   * are not held up.
   */
  readonly begin: () => ConnectionImport;
}

export interface ConnectionImport {
  /** Gathers records, in the order of their file. The store's own tables are neither touched nor locked by it. */
  readonly add: (records: readonly ImportRecord[]) => Promise<void>;
  /**
   * Judges what was gathered and, told to `write`, takes it in one commit, unless something is refused: then nothing changes.
   * @throws ProtonFailure `UNAVAILABLE` when the store can't take it; nothing has changed then
   */
  readonly settle: (manner: 'write' | 'judge') => Promise<ImportOutcome>;
  /** Forgets what was gathered. */
  readonly close: () => void;
}

/** Something that a file says of one connection. A file's records are either all facts or all wishes. */
export type ImportRecord = FactRecord | WishRecord;

/** A connection as it is said to be. What its source does not carry is left out: it is unknown, and not none. */
export interface FactRecord {
  readonly kind: 'fact';
  readonly place: RecordPlace;
  readonly fact: ConnectionView;
}

/** A connection that is to be, whoever makes it first. */
export interface WishRecord {
  readonly kind: 'wish';
  readonly place: RecordPlace;
  readonly wish: ConnectionWish;
}

export interface ConnectionWish
  extends
    ConnectionRoles,
    Pick<Connection, 'region' | 'environmentName' | 'managementAccountId' | 'environmentAccountId'> {
  readonly tags: readonly Tag[];
}

/** Where in its file a record stands. */
export interface RecordPlace {
  /** Counted from 1; no two records of a file share it. */
  readonly record: number;
  /** What a template calls it. */
  readonly logicalId?: string | undefined;
  readonly line?: number | undefined;
}

/** Why one record is not taken, and with it none of its file. */
export interface ImportRefusal {
  readonly place: RecordPlace;
  /** The connection's id, where the record tells it. */
  readonly id?: string | undefined;
  /** Each as a phrase that follows the record's name: "exists with other content". */
  readonly reasons: readonly string[];
}

export interface ImportOutcome {
  /** Whether the connections are in the store now. */
  readonly written: boolean;
  /** What becomes of the records, or would: each counts once, here or as refused. */
  readonly counts: ImportCounts;
  /** The first of the refusals, in the order of the file. */
  readonly refusals: readonly ImportRefusal[];
  readonly refused: number;
}

export interface ImportCounts {
  /** Connections that the store did not have. */
  readonly new: number;
  /** Connections that the store had, and that got the CodeBuild role which it did not know. */
  readonly completed: number;
  readonly unchanged: number;
}

/** The author of what an import writes, as the history names it. */
export const IMPORT_ACTOR = 'import';

/** Refusals that an outcome carries. The rest are counted. */
export const MOST_REFUSALS = 100;

/** What an import takes from outside. */
export interface ImportParts {
  readonly now: () => EpochMilliseconds;
  /** A lower-case UUID. */
  readonly newId: () => string;
}
