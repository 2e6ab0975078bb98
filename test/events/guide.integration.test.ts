import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { environmentWith, PROJECT } from '../support/server-process';
import { OTHER_SECRET, SECRET } from '../support/webhook-receiver';
import { startSource } from './source';

const guide = readFileSync(join(PROJECT, 'docs', 'guides', 'events.md'), 'utf8');
const [, receiver = ''] = /```js\n(.*?)```/s.exec(guide) ?? [];

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}

describe('The receiver in the guide', () => {
  it('verifies events and prints each, and refuses those with another secret', async () => {
    const port = await freePort();
    const child = spawn(process.execPath, ['--input-type=module', '--eval', receiver], {
      cwd: PROJECT,
      env: environmentWith({ PORT: port, EVENTS_WEBHOOK_SECRET: SECRET }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
    const url = `http://127.0.0.1:${port}/`;
    const source = await startSource({ EVENTS_WEBHOOK_URL: url });
    const id = await source.connect('one');
    await source.accept(id);
    const expected = `${id} undefined PENDING\n${id} PENDING CONNECTED\n`;
    while (printed.length < expected.length) await delay(10);
    expect(printed).toBe(expected);
    const { status } = await fetch(url, {
      method: 'POST',
      body: '{}',
      headers: { 'webhook-id': OTHER_SECRET },
    });
    expect(status).toBe(401);
    child.kill();
    await once(child, 'close');
  });
});
