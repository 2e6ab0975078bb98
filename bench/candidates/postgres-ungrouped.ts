import * as queueModule from '../../src/control-plane/write-queue';
import type { Start } from './start';
import { serve } from './this-server';

/** This server with a transaction for each write, as many at a time as the pool has sessions. It shows what grouping writes saves. */
export const start: Start = async (environment) => {
  const exports: { createWriteQueue: typeof queueModule.createWriteQueue } = queueModule;
  const { createWriteQueue } = exports;
  exports.createWriteQueue = (store) => ({
    async put(write) {
      const [result] = await store.write([write]);
      if (!result || 'locked' in result) throw new Error('the store returned no result');
      if ('failure' in result) throw result.failure;
      return result.connection;
    },
    drained: () => Promise.resolve(),
  });
  try {
    return await serve({ ...environment, LOG_LEVEL: 'warn' });
  } finally {
    // The bench may run other candidates in the same process.
    exports.createWriteQueue = createWriteQueue;
  }
};
