import { pino } from 'pino';

import { createApp } from '../../src/app/create-app';
import { readConfig } from '../../src/config/config';
import { environmentWithStore } from './test-environment';

export interface RunningApp {
  readonly url: string;
  /** The server for AWS clients; undefined when there is none. */
  readonly protonEndpoint: string | undefined;
  /** The server for health and metrics; undefined when it is turned off. */
  readonly admin: string | undefined;
  /** The console; undefined when it is turned off. */
  readonly console: string | undefined;
  readonly stop: () => Promise<number>;
}

/** Starts the whole app in this process, on free ports; by default with an empty store in memory. */
export async function startApp(
  environment: Readonly<Record<string, string>> = {},
  logger = pino({ level: 'silent' }),
): Promise<RunningApp> {
  const config = readConfig({ NODE_ENV: 'test', ...(await environmentWithStore(environment)) });
  const app = await createApp(config, logger);
  const { graphql, ...others } = await app.start();
  return { url: graphql, ...others, stop: app.stop };
}
