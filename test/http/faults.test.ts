import { Writable } from 'node:stream';

import BetterSqlite3 from 'better-sqlite3';
import { pino } from 'pino';

import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';
import { useTemporaryFolder } from '../support/folder';
import { request } from '../support/graphql-client';
import { testEnvironment } from '../support/test-environment';

const folder = useTemporaryFolder();

/** The app in production over a file, with its log. */
async function startLogging(location: string) {
  const lines: string[] = [];
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trim().split('\n'));
      done();
    },
  });
  const config = readConfig({
    ...testEnvironment({ DATABASE_URL: `sqlite:${location}` }),
    NODE_ENV: 'production',
  });
  const app = await createApp(config, pino({ level: 'error' }, log));
  const { graphql } = await app.start();
  return { url: graphql, lines, stop: app.stop };
}

it('A fault is masked, with the id by which the log tells what it was, once however many fields met it', async () => {
  const location = folder.path('proton.db');
  const { url, lines, stop } = await startLogging(location);
  const other = new BetterSqlite3(location);
  other.exec('ALTER TABLE connections RENAME TO elsewhere');
  other.close();

  const { data, errors } = await request(
    url,
    '{ a: environmentAccountConnections { totalCount } b: environmentAccountConnections { totalCount } }',
    {},
    { 'x-request-id': 'the-id-of-this-request' },
  );
  await stop();

  expect(data).toEqual({ a: null, b: null });
  expect(errors).toHaveLength(2);
  for (const { message, extensions } of errors ?? []) {
    expect(message).toBe('Something went wrong on our side. The fault has been recorded.');
    expect(extensions).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      requestId: 'the-id-of-this-request',
    });
  }
  const faults = lines
    .map((line) => JSON.parse(line) as { requestId?: string; err?: { message: string } })
    .filter(({ requestId, err }) => requestId === 'the-id-of-this-request' && err !== undefined);
  expect(faults.map(({ err }) => err?.message)).toEqual([expect.stringContaining('no such table')]);
});
