import type { Around } from '../telemetry/events';
import type { ConnectionStore } from './store';

/** The operation names that `around` receives. */
export const STORE_OPERATIONS = [
  'findConnections',
  'listConnections',
  'countConnections',
  'listEvents',
  'write',
] as const satisfies readonly (keyof ConnectionStore)[];

/** Wraps a store: each read and write runs through `around`, under the method's name. */
export function observeStore(store: ConnectionStore, around: Around): ConnectionStore {
  return {
    findConnections: (...args) => around('findConnections', () => store.findConnections(...args)),
    listConnections: (...args) => around('listConnections', () => store.listConnections(...args)),
    countConnections: (...args) => around('countConnections', () => store.countConnections(...args)),
    listEvents: (...args) => around('listEvents', () => store.listEvents(...args)),
    write: (...args) => around('write', () => store.write(...args)),
    close: store.close,
  };
}
