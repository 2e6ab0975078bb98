import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pino } from 'pino';
import { chromium, type Page } from 'playwright-core';

import { createApp } from '../src/app/create-app';
import { readConfig } from '../src/config/config';
import { CHROMIUM_ARGUMENTS, chromiumPath } from '../test/support/browser';
import { makeConnections } from '../test/support/many-connections';

/**
 * Measures the console over a store of 100,000 connections, and fails when a bound is exceeded.
 *
 * Usage: npm run console-scale -- [CONNECTIONS] [PAGE_TURNS]
 */
const [connections = 100_000, pageTurns = 200] = process.argv.slice(2).map(Number);

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly bound: number;
}

async function main(): Promise<void> {
  if (chromiumPath === undefined) throw new Error('This needs chromium on the PATH, or CHROMIUM_PATH.');
  const folder = mkdtempSync(join(tmpdir(), 'console-scale-'));
  const database = join(folder, 'large.db');
  await makeConnections(database, connections);
  const config = readConfig({
    PORT: '0',
    ADMIN_PORT: 'off',
    PROTON_ENDPOINT_PORT: 'off',
    DATABASE_URL: `sqlite:${database}`,
    CONSOLE: 'on',
  });
  const app = await createApp(config, pino({ level: 'silent' }));
  const { console: url = '' } = await app.start();
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [...CHROMIUM_ARGUMENTS, '--enable-precise-memory-info', '--js-flags=--expose-gc'],
  });
  try {
    const page = await browser.newPage();
    const figures = await measure(page, url);
    for (const { name, value, bound } of figures) {
      console.log(
        `${value <= bound ? 'ok  ' : 'OVER'} ${name}: ${value.toFixed(0)} (at most ${String(bound)})`,
      );
    }
    if (figures.some(({ value, bound }) => value > bound)) process.exitCode = 1;
  } finally {
    await browser.close();
    await app.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(page: Page, url: string): Promise<readonly Figure[]> {
  const rows = page.getByRole('rowheader');
  // Once, so that the browser has the files and the server its statements.
  await page.goto(`${url}/received`);
  await rows.first().waitFor();

  const shown = await timed(async () => {
    await page.goto(`${url}/received?rows=100`);
    await rows.nth(99).waitFor();
  });
  const nodes = await page.evaluate<number>(`document.querySelectorAll('*').length`);
  const selections: number[] = [];
  for (const row of [5, 6, 7, 8, 9]) selections.push(await page.evaluate<number>(select(row)));
  await page.getByText('(5 selected of').waitFor();

  await page.goto(`${url}/received`);
  await rows.first().waitFor();
  const turns: number[] = [];
  // By then the browser has compiled most of what turning pages takes: that counts as heap too.
  const early = Math.floor(pageTurns / 4);
  let heapEarly = 0;
  for (let turn = 1; turn <= pageTurns; turn += 1) {
    turns.push(
      await timed(async () => {
        await page.getByRole('button', { name: 'Next page' }).click();
        await page.getByText(`Page ${String(turn + 1)}`, { exact: true }).waitFor();
        await rows.first().waitFor();
      }),
    );
    if (turn === early) heapEarly = await heapOf(page);
  }
  const heapLate = await heapOf(page);
  return [
    { name: 'a page of 100 rows, in ms', value: shown, bound: 1_500 },
    { name: 'elements on it', value: nodes, bound: 5_000 },
    {
      name: 'the slowest of five selections of a row of 100, in ms',
      value: Math.max(...selections),
      bound: 200,
    },
    { name: 'the slowest page turn, in ms', value: Math.max(...turns), bound: 1_500 },
    {
      name: `heap after ${String(pageTurns)} page turns, in % of the heap after ${String(early)}`,
      value: (100 * heapLate) / heapEarly,
      bound: 120,
    },
  ];
}

/** Selects a row, and resolves with the time until that is on the screen, in ms. Measured in the page: the driver has waits of its own. */
function select(row: number): string {
  return `new Promise((resolve) => {
    const start = performance.now();
    document.querySelectorAll('tbody input[type="checkbox"]')[${String(row)}].click();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
  })`;
}

/** Bytes in use after a garbage collection. */
async function heapOf(page: Page): Promise<number> {
  return page.evaluate<number>(`gc(), performance.memory.usedJSHeapSize`);
}

/** In ms. */
async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

void main();
