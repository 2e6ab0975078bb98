import type { StoredConnection } from '../../../proton/connection';

/** The most lists in memory: with their rows about 10 MB. */
const MAX_LISTS = 50;
/** The most keys in memory are twice as many. */
const MAX_KEYS = 1_000;

/** The keys of lists that were read lately. Full, the newer half becomes the older one, whose keys are forgotten unless they are read again. */
class RecentKeys {
  private newer = new Set<string>();
  private older = new Set<string>();

  /** @returns whether the key was here before */
  add(key: string): boolean {
    if (this.newer.has(key)) return true;
    if (this.newer.size >= MAX_KEYS) {
      this.older = this.newer;
      this.newer = new Set();
    }
    this.newer.add(key);
    return this.older.has(key);
  }
}

/** Lists with their rows, by a key that identifies the query, and the keys of those that were read lately. */
export class KeptLists {
  /** The one that was used last comes last. */
  private readonly lists = new Map<string, readonly StoredConnection[]>();

  private constructor(private readonly keys: RecentKeys) {}

  static empty(): KeptLists {
    return new KeptLists(new RecentKeys());
  }

  /** No lists, but the same keys. */
  withoutLists(): KeptLists {
    return new KeptLists(this.keys);
  }

  /** Remembers that the list is read. @returns whether it was read before */
  markRead(key: string): boolean {
    return this.keys.add(key);
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
