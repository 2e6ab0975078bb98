import { createApp } from '../../src/app/create-app';
import { limitHeapGrowth } from '../../src/app/limit-heap-growth';
import { readConfig } from '../../src/config/config';
import { createLogger } from '../../src/telemetry/logger';
import type { Environment, Served, Start } from './start';

/** This server, created as in `src/main.ts`, but without its request log, because the other candidates have none. */
export const start: Start = (environment) => serve({ ...environment, LOG_LEVEL: 'warn' });

export async function serve(environment: Environment): Promise<Served> {
  limitHeapGrowth();
  const config = readConfig(environment);
  const app = await createApp(config, createLogger(config.logLevel, false), undefined);
  const { graphql, protonEndpoint } = await app.start();
  return { url: graphql, protonEndpoint };
}
