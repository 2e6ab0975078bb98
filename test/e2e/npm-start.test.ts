import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { environmentWith, PROJECT } from '../support/server-process';

const VARIABLES = { PORT: '0', ADMIN_PORT: '0', PROTON_ENDPOINT_PORT: '0', DATABASE_URL: 'sqlite::memory:' };

/** Runs `npm start` without its build, and resolves with the messages of its log until the one that matches. */
async function messagesUntil(pattern: RegExp, variables: Readonly<Record<string, string>>) {
  const npm = spawn('npm', ['start', '--ignore-scripts'], {
    cwd: PROJECT,
    env: environmentWith({ ...VARIABLES, ...variables }),
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group, because a signal to npm alone would not reach the server in every version of npm.
    detached: true,
  });
  const closed = once(npm, 'close');
  const messages: string[] = [];
  for await (const line of createInterface({ input: npm.stdout })) {
    if (!line.startsWith('{')) continue;
    messages.push((JSON.parse(line) as { readonly msg: string }).msg);
    if (pattern.test(line)) break;
  }
  process.kill(-(npm.pid ?? 0), 'SIGTERM');
  await closed;
  return messages;
}

describe('npm start', () => {
  it('ends with one line that names the address of the console', async () => {
    const messages = await messagesUntil(/the console is/, {});
    expect(messages.at(-1)).toMatch(/^the console is at http:\/\/127\.0\.0\.1:\d+\/console$/);
    expect(messages.filter((message) => message.includes('console'))).toHaveLength(1);
  });
});
