/** Whether a store can do its work now: its rows can be read, its schema is the one of this version, and writes can be committed. */
export type StoreHealth =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** What it is that is not ready: `migrations` when another version has changed the schema. */
      readonly part: 'store' | 'migrations';
      /** For an operator: what is wrong and what to do. It names no path, host or row. */
      readonly reason: string;
    };
