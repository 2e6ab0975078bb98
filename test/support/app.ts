import { pino } from 'pino';

import { createApp } from '../../src/app/create-app';
import { readConfig } from '../../src/config/config';
import { testEnvironment } from './test-environment';

export interface RunningApp {
  readonly url: string;
  /** Where it takes AWS clients; undefined where it does not. */
  readonly protonEndpoint: string | undefined;
  /** Where health and metrics are; undefined where they are turned off. */
  readonly admin: string | undefined;
  readonly stop: () => Promise<number>;
}

/** The whole app, in this process, on a free port, over an empty store in memory unless told otherwise. */
export async function startApp(environment: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
  const config = readConfig({ NODE_ENV: 'test', ...testEnvironment(environment) });
  const app = await createApp(config, pino({ level: 'silent' }));
  const { graphql, protonEndpoint, admin } = await app.start();
  return { url: graphql, protonEndpoint, admin, stop: app.stop };
}
