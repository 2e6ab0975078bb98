import { pino } from 'pino';

import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';

export interface RunningApp {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** The whole app, in this process, on a free port, over an empty store in memory unless told otherwise. */
export async function startApp(environment: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
  const config = readConfig({
    PORT: '0',
    PROTON_ENDPOINT_PORT: '0',
    DATABASE_URL: 'sqlite::memory:',
    NODE_ENV: 'test',
    ...environment,
  });
  const app = createApp(config, pino({ level: 'silent' }));
  await app.start();
  return { url: app.urls.graphql, stop: app.stop };
}
