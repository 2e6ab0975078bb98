import type { StoredConnection } from '../../../proton/connection';

/** The most lists in memory: with their rows about 10 MB. */
const MAX_LISTS = 50;
/** The most keys of lists that were read once. */
const MAX_KEYS = 500;

/** Lists that were read, by a key that identifies the query. A list is kept from the second time on: most pages are read once. */
export class KeptLists {
  /** The one that was used last comes last. */
  private readonly lists = new Map<string, readonly StoredConnection[]>();
  private readonly readOnce = new Set<string>();

  get(key: string): readonly StoredConnection[] | undefined {
    const list = this.lists.get(key);
    if (list) this.put(key, list);
    return list;
  }

  /** Keeps the list if its key was added before. The list that was not used for longest makes room for it. */
  add(key: string, list: readonly StoredConnection[]): void {
    if (!this.readOnce.delete(key)) {
      if (this.readOnce.size >= MAX_KEYS) this.readOnce.clear();
      this.readOnce.add(key);
      return;
    }
    const [oldest] = this.lists.keys();
    if (this.lists.size >= MAX_LISTS && oldest !== undefined) this.lists.delete(oldest);
    this.put(key, list);
  }

  private put(key: string, list: readonly StoredConnection[]): void {
    this.lists.delete(key);
    this.lists.set(key, list);
  }
}
