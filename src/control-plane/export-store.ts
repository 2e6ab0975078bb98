import type { Connection } from '../proton/connection';

/** What moving out asks of a database. */
export interface ExportStore {
  /**
   * Every connection as of one moment, the newest request first, ids break ties; read as it is asked for, and never all at once.
   * @throws ProtonFailure `UNAVAILABLE` when the store can't be read
   */
  readonly connections: () => Iterable<Connection>;
}
