import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { run } from '../../src/cli/run';
import { PROJECT } from '../support/server-process';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Setting {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
  /** Whether a person reads along. */
  readonly terminal?: boolean;
}

/** Runs the command in this process, which is quick; nothing of it is replaced but the streams. */
export async function command(
  words: readonly string[],
  { env = {}, stdin = '', terminal = false }: Setting = {},
): Promise<Ended> {
  const stdout = gathering(terminal);
  const stderr = gathering(terminal);
  const code = await run(words, {
    env,
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    startServer: () => {
      throw new Error('the server is a process of its own in tests');
    },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function gathering(isTTY: boolean) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY, columns: 120 }),
    text: () => Buffer.concat(chunks).toString(),
  };
}

/** Starts the command as whoever types it does: a process of its own. */
export function commandProcess(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  node: readonly string[] = [],
) {
  return spawn(process.execPath, [...node, join(PROJECT, 'bin', 'proton-subgraph.js'), ...words], {
    // Nothing of this machine's environment can change what the command does.
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** The same, to its end. */
export async function commandToEnd(
  words: readonly string[],
  { env = {}, stdin = '', node = [] }: Setting & { readonly node?: readonly string[] } = {},
): Promise<Ended> {
  const child = commandProcess(words, env, node);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.end(stdin);
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
