import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { run } from '../../src/cli/run';
import { PROJECT } from '../support/server-process';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
  /** Whether the output streams are terminals. */
  readonly terminal?: boolean;
}

/** Runs a command in this process, which is fast. Only the streams and the start of a server are replaced. */
export async function command(
  words: readonly string[],
  { env = {}, stdin = '', terminal = false }: CommandOptions = {},
): Promise<CommandResult> {
  const stdout = collecting(terminal);
  const stderr = collecting(terminal);
  const code = await run(words, {
    env,
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    startServer: () => {
      throw new Error('tests start the server in a process of its own');
    },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function collecting(isTTY: boolean) {
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

/** Starts a command in a process of its own, as a shell does. */
export function commandProcess(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  node: readonly string[] = [],
) {
  const script = join(PROJECT, 'bin', 'proton-subgraph.js');
  return spawn(process.execPath, [...node, script, ...words], {
    // Only these variables, so that the environment of the machine has no effect.
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs a command in a process of its own, and waits for its end. */
export async function commandToEnd(
  words: readonly string[],
  { env = {}, stdin = '', node = [] }: CommandOptions & { readonly node?: readonly string[] } = {},
): Promise<CommandResult> {
  const child = commandProcess(words, env, node);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.end(stdin);
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
