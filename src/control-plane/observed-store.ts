import type { Around } from '../telemetry/events';
import type { ConnectionStore } from './store';

/** What a store is asked, by the names that `around` is told. */
export const STORE_OPERATIONS = [
  'findConnections',
  'listConnections',
  'countConnections',
  'listEvents',
  'write',
] as const satisfies readonly (keyof ConnectionStore)[];

/** A store whose every read and write is carried out by `around`, under the name of the method. */
export function observeStore(store: ConnectionStore, around: Around): ConnectionStore {
  return {
    findConnections: (...asked) => around('findConnections', () => store.findConnections(...asked)),
    listConnections: (...asked) => around('listConnections', () => store.listConnections(...asked)),
    countConnections: (...asked) => around('countConnections', () => store.countConnections(...asked)),
    listEvents: (...asked) => around('listEvents', () => store.listEvents(...asked)),
    write: (...asked) => around('write', () => store.write(...asked)),
    close: store.close,
  };
}
