import type { BrowserContext } from 'playwright-core';

import { isLoopback } from '../../src/config/env-types';

export interface FaultOptions {
  /** Faults that the test expects, such as the line that Chromium writes for a response with status 401. */
  readonly expected?: readonly RegExp[];
}

/**
 * Collects what no page may do: write to the console, violate its Content Security Policy, throw, or request anything from another
 * host than loopback.
 * @returns one line for each fault, added when it happens
 */
export async function watchFaults(
  context: BrowserContext,
  { expected = [] }: FaultOptions,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const add = (fault: string): void => {
    if (!expected.some((pattern) => pattern.test(fault))) faults.push(fault);
  };
  const addForeign = (url: string): void => {
    if (!isLocal(url)) add(`request to another host: ${url}`);
  };
  context.on('console', (message) => {
    add(`console.${message.type()}: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => {
    add(`uncaught: ${error.error().stack ?? error.error().message}`);
  });
  context.on('request', (request) => {
    addForeign(request.url());
  });
  context.on('page', (page) => {
    page.on('websocket', (socket) => {
      addForeign(socket.url());
    });
    page.on('crash', () => {
      add('the page crashed');
    });
  });
  await context.addInitScript(REPORT_VIOLATIONS);
  return faults;
}

/** Chromium writes most violations to the console by itself, but not those that a style or an attribute of a worker causes. */
const REPORT_VIOLATIONS = `
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    console.error('CSP violation:', violatedDirective, blockedURI, sample);
  });
`;

function isLocal(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'data:' || protocol === 'blob:' || protocol === 'about:') return true;
  const host = hostname.replace(/^\[|\]$/g, '');
  return isLoopback(host) || host.endsWith('.localhost');
}
