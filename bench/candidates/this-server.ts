import { createApp } from '../../src/app/create-app';
import { readConfig } from '../../src/config/config';
import { createLogger } from '../../src/telemetry/logger';
import { announce } from './announce';

/**
 * This server, put together as `src/main.ts` does. Started here instead of through `dist/main.js` because its own log, which says
 * where it listens, would write a line for each request: the other candidates write none.
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
