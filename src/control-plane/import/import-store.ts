import type {
  ConnectionIdentity,
  ConnectionRoles,
  ConnectionView,
  EpochMilliseconds,
  Tag,
} from '../../proton/connection';
import type { MaybePromise } from '../../proton/proton-service';

/** The port between an import and a database: stages a file's records, compares them with the store, and writes all or none. */
export interface ImportStore {
  /**
   * Starts to stage the records of one file. Until the import is settled or closed, this store accepts no other write; other
   * processes are not blocked.
   */
  readonly begin: () => MaybePromise<ConnectionImport>;
}

export interface ConnectionImport {
  /** Stages records, in the order of their file. Neither touches nor locks the store's own tables. */
  readonly add: (records: readonly ImportRecord[]) => Promise<void>;
  /**
   * Compares the staged records with the store. With `write`, also writes them in one transaction, unless any is refused.
   * @throws ProtonFailure `UNAVAILABLE` when the store can't be written; then nothing has changed
   */
  readonly settle: (mode: 'write' | 'compare') => Promise<ImportOutcome>;
  /** Discards the staged records. */
  readonly close: () => MaybePromise<void>;
}

/** What a file says about one connection. The records of a file are either all connections or all declarations. */
export type ImportRecord = ConnectionRecord | DeclarationRecord;

/** An existing connection, as AWS returned it. Members that AWS's response lacks are left out: they are unknown. */
export interface ConnectionRecord {
  readonly kind: 'connection';
  readonly location: SourceLocation;
  readonly connection: ConnectionView;
}

/** A connection that a template declares: it is created unless it exists. */
export interface DeclarationRecord {
  readonly kind: 'declaration';
  readonly location: SourceLocation;
  readonly declaration: ConnectionDeclaration;
}

export interface ConnectionDeclaration extends ConnectionIdentity, ConnectionRoles {
  readonly tags: readonly Tag[];
}

/** Where a record is in its file. */
export interface SourceLocation {
  /** Counted from 1, and unique in the file. */
  readonly record: number;
  /** The resource's name in a template. */
  readonly logicalId?: string | undefined;
  readonly line?: number | undefined;
}

/** Why a record is refused. Then nothing of its file is written. */
export interface ImportRefusal {
  readonly location: SourceLocation;
  /** The connection's id, if the record has one. */
  readonly id?: string | undefined;
  /** Phrases that follow the record's name, as in "exists with other content". */
  readonly reasons: readonly string[];
}

export interface ImportOutcome {
  /** Whether the connections are in the store now. */
  readonly written: boolean;
  /** What happened to the records, or would happen. Each record counts once, here or in `refused`. */
  readonly counts: ImportCounts;
  /** The first refusals, in the order of the file. */
  readonly refusals: readonly ImportRefusal[];
  readonly refused: number;
}

export interface ImportCounts {
  /** Connections that the store did not have. */
  readonly new: number;
  /** Connections of the store that got a CodeBuild role that the store did not know. */
  readonly completed: number;
  readonly unchanged: number;
}

/** The actor of an import's events in the history. */
export const IMPORT_ACTOR = 'import';

/** The most refusals in an outcome. Further ones are only counted. */
const MAX_REFUSALS = 100;

export interface ImportDependencies {
  readonly now: () => EpochMilliseconds;
  /** Returns a lower-case UUID. */
  readonly newId: () => string;
}

/** Collects refusals: keeps the first ones, and counts all. */
export class Refusals {
  readonly #first: ImportRefusal[] = [];
  #count = 0;

  add(refusal: ImportRefusal): void {
    this.#count += 1;
    if (this.#first.length < MAX_REFUSALS) this.#first.push(refusal);
  }

  addAll(others: Refusals): void {
    for (const refusal of others.#first) this.add(refusal);
    this.#count += others.#count - others.#first.length;
  }

  get count(): number {
    return this.#count;
  }

  /** In the order of the file. */
  get first(): readonly ImportRefusal[] {
    return this.#first.toSorted((some, other) => some.location.record - other.location.record);
  }
}

/** How messages name a record. */
export function recordName({ record, logicalId }: SourceLocation): string {
  return logicalId ?? `record ${String(record)}`;
}
