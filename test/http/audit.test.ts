import { serverAudits } from 'graphql-http';

import { startApp, type RunningApp } from '../support/app';

/** Runs graphql-http's audits of the GraphQL over HTTP specification. */

/**
 * These are SHOULDs. For clients that accept `application/json`, the specification recommends status 200 for errors, as servers did
 * before it existed. Apollo Server always responds with 400, which proxies and logs understand.
 */
const EXPECTED_FAILURES = [
  '572B SHOULD use 200 status code on document parsing failure when accepting application/json',
  'FDE2 SHOULD use 200 status code on document validation failure when accepting application/json',
  '7B9B SHOULD use a status code of 200 on variable coercion failure when accepting application/json',
];

let app: RunningApp;

beforeAll(async () => {
  app = await startApp();
});

afterAll(() => app.stop());

/** Sends the header that the prevention of cross-site request forgery demands. */
const fetchWithPreflight: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  if ((init?.method ?? 'GET') === 'GET') headers.set('apollo-require-preflight', 'true');
  return fetch(input, { ...init, headers });
};

it('passes every audit except the listed ones', async () => {
  const audits = serverAudits({ url: app.url, fetchFn: fetchWithPreflight });
  const failures: string[] = [];
  for (const audit of audits) {
    const result = await audit.fn();
    if (result.status !== 'ok') failures.push(`${result.id} ${result.name}`);
  }
  expect(audits.length).toBeGreaterThan(50);
  expect(failures).toEqual(EXPECTED_FAILURES);
});
