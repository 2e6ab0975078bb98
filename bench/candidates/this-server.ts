import { createApp } from '../../src/app/create-app';
import { readConfig } from '../../src/config/config';
import { createLogger } from '../../src/telemetry/logger';
import { announce } from './announce';

/**
 * This server, created as in `src/main.ts`, but without its request log, because the other candidates have none.
 */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const app = await createApp(config, createLogger('warn', false), undefined);
  process.once('SIGTERM', () => void app.stop());
  const { graphql, protonEndpoint } = await app.start();
  if (protonEndpoint !== undefined) console.log(`takes AWS clients at ${protonEndpoint}`);
  announce(graphql);
}

void main();
