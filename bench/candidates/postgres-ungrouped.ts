import { createApp } from '../../src/app/create-app';
import { limitHeapGrowth } from '../../src/app/limit-heap-growth';
import { readConfig } from '../../src/config/config';
import * as queueModule from '../../src/control-plane/write-queue';
import { createLogger } from '../../src/telemetry/logger';
import type { Start } from './start';

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
    limitHeapGrowth();
    const config = readConfig({ ...environment, LOG_LEVEL: 'warn' });
    const app = await createApp(config, createLogger(config.logLevel, false), undefined);
    const { graphql } = await app.start();
    return { url: graphql };
  } finally {
    // The bench may run other candidates in the same process.
    exports.createWriteQueue = createWriteQueue;
  }
};
