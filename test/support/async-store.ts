import { setImmediate as nextTurn } from 'node:timers/promises';

import type { ConnectionStore } from '../../src/control-plane/store';

/** The same store, as if its database were in another process: every read and write starts in a later turn of the event loop. */
export function asyncStore(store: ConnectionStore): ConnectionStore {
  return {
    async findConnections(...args) {
      await nextTurn();
      return store.findConnections(...args);
    },
    async listConnections(...args) {
      await nextTurn();
      return store.listConnections(...args);
    },
    async countConnections(...args) {
      await nextTurn();
      return store.countConnections(...args);
    },
    async listEvents(...args) {
      await nextTurn();
      return store.listEvents(...args);
    },
    async readOverview(...args) {
      await nextTurn();
      return store.readOverview(...args);
    },
    async listAccounts(...args) {
      await nextTurn();
      return store.listAccounts(...args);
    },
    concurrentWrites: store.concurrentWrites,
    async write(...args) {
      await nextTurn();
      return store.write(...args);
    },
    feed: store.feed,
    close: () => store.close(),
  };
}
