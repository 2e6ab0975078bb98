import { startApp, type RunningApp } from '../support/app';
import { mutationsAt, type Mutations } from '../support/replicas';
import { SECRET } from '../support/webhook-receiver';

export interface Source extends RunningApp, Mutations {
  /** Creates a connection. @returns its id */
  readonly connect: (environmentName: string) => Promise<string>;
}

const started: Source[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map(({ stop }) => stop()));
});

/** Starts an app that sends events, with short pauses. Ends after the test. */
export async function startSource(variables: Readonly<Record<string, string>>): Promise<Source> {
  const app = await startApp({
    EVENTS_WEBHOOK_SECRET: SECRET,
    EVENTS_RETRY_MIN_MS: '20',
    EVENTS_RETRY_MAX_MS: '100',
    SHUTDOWN_GRACE_MS: '2000',
    ...variables,
  });
  const mutations = mutationsAt(app.url);
  const source: Source = {
    ...app,
    ...mutations,
    async connect(environmentName) {
      const { id, code } = await mutations.create(environmentName);
      if (id === undefined) throw new Error(`not created: ${String(code)}`);
      return id;
    },
  };
  started.push(source);
  return source;
}
