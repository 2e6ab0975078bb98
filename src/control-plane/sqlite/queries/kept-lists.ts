import type { StoredConnection } from '../../../proton/connection';

/** The most lists in memory: with their rows about 10 MB. */
const MAX_LISTS = 50;
/** The most keys of lists that were read. */
const MAX_KEYS = 500;

/** Lists that were read, by a key that identifies the query. A list is kept from the second time on: most pages are read once. */
export class KeptLists {
  /** The one that was used last comes last. */
  private readonly lists = new Map<string, readonly StoredConnection[]>();

  private constructor(private readonly read: Set<string>) {}

  static empty(): KeptLists {
    return new KeptLists(new Set());
  }

  /** The same without lists. It remembers which were read. */
  withoutLists(): KeptLists {
    return new KeptLists(this.read);
  }

  /** Whether a list with this key was read before. From now on it was. */
  wasRead(key: string): boolean {
    if (this.read.has(key)) return true;
    if (this.read.size >= MAX_KEYS) this.read.clear();
    this.read.add(key);
    return false;
  }

  get(key: string): readonly StoredConnection[] | undefined {
    const list = this.lists.get(key);
    if (list) this.keep(key, list);
    return list;
  }

  /** Keeps the list. The one that was not used for longest makes room for it. */
  keep(key: string, list: readonly StoredConnection[]): void {
    this.lists.delete(key);
    const [oldest] = this.lists.keys();
    if (this.lists.size >= MAX_LISTS && oldest !== undefined) this.lists.delete(oldest);
    this.lists.set(key, list);
  }
}
