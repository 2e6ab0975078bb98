/** A map that keeps the most recently used entries, up to a maximum. */
export interface LruMap<Key, Value> {
  readonly get: (key: Key) => Value | undefined;
  readonly set: (key: Key, value: Value) => void;
  readonly delete: (key: Key) => boolean;
}

export function createLruMap<Key, Value>(maxEntries: number): LruMap<Key, Value> {
  // A Map iterates in insertion order. Every use inserts the entry again, so the first one is the least recently used.
  const entries = new Map<Key, Value>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries) break;
        entries.delete(oldest);
      }
    },
    delete: (key) => entries.delete(key),
  };
}
