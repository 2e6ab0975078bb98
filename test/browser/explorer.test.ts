import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { CreateEnvironmentAccountConnectionDocument } from '../../generated/operations/graphql';
import { startApp, type RunningApp } from '../support/app';
import { axeViolations } from '../support/axe';
import { describeInBrowser } from '../support/browser';
import { dataOf } from '../support/graphql-client';
import { PROJECT } from '../support/server-process';

const OPERATIONS = readdirSync(join(PROJECT, 'schema', 'operations')).filter((name) =>
  name.endsWith('.graphql'),
);

/** The library writes this when it starts a worker. */
const EXPLORER = { expected: [/^console\.info: setup-workers/] };

/** Rules that the library's own markup breaks. */
const KNOWN_AXE_RULES = ['color-contrast', 'nested-interactive'];

const tabs = (page: Page) => page.getByRole('tab', { name: /Connection/ });
const response = (page: Page) => page.locator('.graphiql-response');
const stored = (page: Page) => page.evaluate<string>('JSON.stringify([localStorage, sessionStorage])');

/** Resolves when the library has stored that another tab is open, which it does a moment later. */
const OTHER_TAB_STORED = `new Promise((resolve) => {
  const check = () => {
    if (JSON.parse(localStorage['graphiql:tabState']).activeTabIndex > 0) resolve();
    else requestAnimationFrame(check);
  };
  check();
})`;

/** Executes what is in the editors, once they are there: before, the library's button does nothing. */
async function execute(page: Page): Promise<void> {
  for (const editor of ['.graphiql-query-editor', '.graphiql-response'])
    await page.locator(`${editor} .monaco-editor`).first().waitFor();
  await page.getByRole('button', { name: /Execute query/ }).click();
}

/** Opens the tab of an operation, and waits until the editor has its text: before, the library executes that of the last tab. */
async function openTab(page: Page, operation: string): Promise<void> {
  await page.getByRole('tab', { name: operation, exact: true }).click();
  await page.locator('.graphiql-query-editor').getByText(operation, { exact: true }).waitFor();
}

/** Replaces the text of the editor that has the focus. */
async function type(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(text);
}

describeInBrowser('The explorer', (browser) => {
  let app: RunningApp;
  let explorer: string;
  beforeAll(async () => {
    app = await startApp();
    explorer = new URL('/explorer/', app.url).href;
  });
  afterAll(() => app.stop());

  it('runs every operation of the schema folder from a tab of its own, and adds no tab on the next visit', async () => {
    const page = await browser.open(explorer, EXPLORER);
    await tabs(page).first().waitFor();
    expect(await tabs(page).count()).toBe(OPERATIONS.length);
    expect(await tabs(page).first().innerText()).toBe('CreateEnvironmentAccountConnection');
    await execute(page);
    await response(page).getByText('"PENDING"').waitFor();

    // The last visit ended in another tab, with other variables than the operation came with.
    await openTab(page, 'EnvironmentAccountConnections');
    await execute(page);
    await response(page).getByText('"payments-prod"').waitFor();
    await page.evaluate(OTHER_TAB_STORED);
    await page.reload();
    await tabs(page).first().waitFor();
    expect(await tabs(page).count()).toBe(OPERATIONS.length);
    const open = page.getByRole('tab', { selected: true });
    expect(await open.allInnerTexts()).toContain('EnvironmentAccountConnections');
    await execute(page);
    await response(page).getByText('"payments-prod"').waitFor();
  });

  it('shows what a subscription sends', async () => {
    const page = await browser.open(explorer, EXPLORER);
    const subscribed = new Promise<void>((resolve) => {
      page.on('websocket', (socket) => {
        socket.on('framesent', ({ payload }) => {
          if (payload.toString().includes('"subscribe"')) resolve();
        });
      });
    });
    await openTab(page, 'EnvironmentAccountConnectionStatusChanged');
    await execute(page);
    await subscribed;
    // The server has read the message before it responds to a later request.
    await dataOf(app.url, '{ __typename }');
    await dataOf(app.url, CreateEnvironmentAccountConnectionDocument, {
      create: { managementAccountId: '111111111111', environmentName: 'by-subscription' },
    });
    await response(page).getByText('"by-subscription"').waitFor();
    expect(await page.getByRole('button', { name: /Stop query/ }).count()).toBe(1);
  });

  it('sends the headers of its headers pane, and keeps none of them', async () => {
    const page = await browser.open(explorer, EXPLORER);
    const requests: (string | null)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST')
        void request.headerValue('authorization').then((value) => requests.push(value));
    });
    await page.getByRole('button', { name: 'Headers' }).click();
    await page.locator('.graphiql-editor-tool .monaco-editor:visible').click();
    await type(page, '{ "authorization": "Bearer canary" }');
    await execute(page);
    await response(page).getByText('"success"').waitFor();
    expect(requests.at(-1)).toBe('Bearer canary');
    expect(await stored(page)).toContain('payments-prod');
    expect(await stored(page)).not.toContain('canary');
  });

  it('has no other faults of accessibility than those of its library', async () => {
    const page = await browser.open(explorer, EXPLORER);
    await page.getByText('"payments-prod"').waitFor();
    const rules = new Set((await axeViolations(page)).map((violation) => violation.split(':')[0]));
    expect([...rules].filter((rule) => !KNOWN_AXE_RULES.includes(rule ?? ''))).toEqual([]);
  });
});
