import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';

import { watchFaults, type FaultOptions } from './browser-faults';

const { CHROMIUM_PATH = '', CI, PATH = '' } = process.env;

/** What Debian, other distributions and Google call it. */
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome'];

const MISSING =
  CHROMIUM_PATH === ''
    ? 'no Chromium on this machine: install chromium, or set CHROMIUM_PATH'
    : 'CHROMIUM_PATH names no program';

/** Undefined where there is none. */
export const chromiumPath = (CHROMIUM_PATH === '' ? candidates(COMMANDS) : [CHROMIUM_PATH]).find(
  isExecutable,
);

/** No sandbox, because CI runs as root. Nothing but loopback can be resolved, and the browser does not ask its maker for anything. */
export const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]',
];

export interface ContextOptions extends FaultOptions {
  /** Playwright's own, such as `colorScheme` and `viewport`. By default motion is reduced. */
  readonly context?: BrowserContextOptions;
}

/** Chromium, for the tests of a block. What is opened is closed after each test. */
export interface TestBrowser {
  /** A page in a fresh profile. With `url` it has been loaded. */
  readonly open: (url?: string, options?: ContextOptions) => Promise<Page>;
  /** A fresh profile, for several pages that share storage. */
  readonly openContext: (options?: ContextOptions) => Promise<BrowserContext>;
}

/**
 * Defines tests in a real browser, one browser for the block. A test fails when a page of it writes to the console, violates its
 * Content Security Policy, throws, or requests anything from another host than loopback.
 *
 * Without a browser the tests are skipped, and their name says why; with CI=true they fail instead.
 */
export function describeInBrowser(name: string, define: (browser: TestBrowser) => void): void {
  if (chromiumPath !== undefined) {
    describe(name, () => {
      define(useBrowser(chromiumPath));
    });
  } else if (CI === 'true') {
    describe(name, () => {
      it('needs Chromium', () => {
        throw new Error(MISSING);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${MISSING})`, () => {
      define({ open: refuse, openContext: refuse });
    });
  }
}

function useBrowser(path: string): TestBrowser {
  let browser: Browser | undefined;
  const opened: { readonly context: BrowserContext; readonly faults: readonly string[] }[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: path, args: CHROMIUM_ARGUMENTS });
  });
  afterEach(async () => {
    const ended = opened.splice(0);
    // Before they close, because a page that closes cancels its requests.
    const faults = ended.flatMap((each) => [...each.faults]);
    await Promise.all(ended.map(({ context }) => context.close()));
    expect(faults).toEqual([]);
  });
  afterAll(() => browser?.close());

  async function openContext({ context: options, ...faultOptions }: ContextOptions = {}) {
    if (!browser) throw new Error('the browser starts before the tests');
    // Animations prove nothing here, and each makes a test wait.
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    opened.push({ context, faults: await watchFaults(context, faultOptions) });
    return context;
  }

  return {
    openContext,
    async open(url, options) {
      const page = await (await openContext(options)).newPage();
      if (url !== undefined) await page.goto(url);
      return page;
    },
  };
}

function refuse(): Promise<never> {
  return Promise.reject(new Error(MISSING));
}

function candidates(commands: readonly string[]): readonly string[] {
  return commands.flatMap((command) => PATH.split(delimiter).map((folder) => join(folder, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
