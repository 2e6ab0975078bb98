import type { Locator, Page } from 'playwright-core';

import { startApp, type RunningApp } from './app';
import { dataOf } from './graphql-client';

/** A server with the console, and ways to make and change connections behind a page's back. */
export interface ConsoleApp {
  /** The address of the console, as in `http://127.0.0.1:49152/console`. */
  readonly console: string;
  readonly graphql: string;
  readonly request: (values: Partial<RequestedConnection>) => Promise<string>;
  readonly answer: (id: string, answer: 'accept' | 'reject' | 'delete') => Promise<void>;
  readonly tag: (id: string, key: string, value: string) => Promise<void>;
  readonly statusOf: (id: string) => Promise<string | undefined>;
  readonly stop: RunningApp['stop'];
}

export interface RequestedConnection {
  readonly managementAccountId: string;
  readonly environmentAccountId: string;
  readonly environmentName: string;
  readonly region: string;
  readonly roleArn: string;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

export const MANAGEMENT = '111111111111';
export const ENVIRONMENT = '222222222222';

/** Starts a server in this process, without authentication unless the environment says otherwise. */
export async function startConsole(environment: Readonly<Record<string, string>> = {}): Promise<ConsoleApp> {
  const { url, stop } = await startApp({ CONSOLE: 'on', ...environment });
  return { ...consoleAt(url), stop };
}

/** @param graphql the address of a server's GraphQL */
export function consoleAt(graphql: string): Omit<ConsoleApp, 'stop'> {
  return {
    console: new URL('/console', graphql).href,
    graphql,
    async request(values) {
      const input = { ...DEFAULTS, ...values };
      const { made } = await dataOf<{ made: { data: { id: string } } }, unknown>(graphql, REQUEST, { input });
      return made.data.id;
    },
    async answer(id, answer) {
      await dataOf(
        graphql,
        `mutation { ${answer}EnvironmentAccountConnection(input: { id: "${id}" }) { success } }`,
      );
    },
    async tag(id, key, value) {
      await dataOf(graphql, TAG, { input: { id, tags: [{ key, value }] } });
    },
    async statusOf(id) {
      const { connection } = await dataOf<{ connection: { status: string } | null }, unknown>(
        graphql,
        `{ connection: environmentAccountConnection(id: "${id}") { status } }`,
      );
      return connection?.status;
    },
  };
}

const DEFAULTS = { managementAccountId: MANAGEMENT, environmentAccountId: ENVIRONMENT };

const REQUEST = `mutation ($input: CreateEnvironmentAccountConnectionInput!) {
  made: createEnvironmentAccountConnection(input: $input) { data { id } }
}`;
const TAG = `mutation ($input: TagEnvironmentAccountConnectionInput!) {
  tagEnvironmentAccountConnection(input: $input) { success }
}`;

/** The row of an environment in the page's list. */
export function rowOf(page: Page, environmentName: string): Locator {
  return page
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: environmentName, exact: true }) });
}

/** The drawer of a connection. */
export function drawerOf(page: Page, environmentName: string): Locator {
  return page.getByRole('region', { name: environmentName });
}

/** Opens a view and waits until it shows what it has. */
export async function openView(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
}
