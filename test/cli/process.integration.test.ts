import { once } from 'node:events';
import { copyFileSync, createWriteStream, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { dataOf } from '../support/graphql-client';
import { PROJECT, startServerProcess } from '../support/server-process';
import { command, commandProcess, commandToEnd } from './command';
import { listed, record, useImports } from './import-fixture';

const { stored, env, file, folder } = useImports();

/** Writes a file with this number of connections, as the aws CLI prints them. */
async function largeFile(name: string, count: number): Promise<string> {
  const path = folder.path(name);
  const text = function* () {
    yield '{"environmentAccountConnections": [';
    for (let index = 0; index < count; index += 1) {
      const tail = String(index).padStart(12, '0');
      const one = record({ id: `a1b2c3d4-5678-4abc-9def-${tail}`, environmentName: `e${tail}` });
      yield `${index === 0 ? '' : ','}\n${JSON.stringify(one, null, 4)}`;
    }
    yield ']}';
  };
  await pipeline(text, createWriteStream(path));
  return path;
}

const COUNT = '{ environmentAccountConnections { totalCount } }';

describe('The command, as a process', () => {
  it('imports and exports in a small, constant amount of memory', async () => {
    const path = await largeFile('large.json', 40_000);
    // All records together need far more memory than this; a few at a time do not.
    const { code, stdout, stderr } = await commandToEnd(['import', path], {
      env: env(),
      node: ['--max-old-space-size=24', '--max-semi-space-size=2'],
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/large\.json +taken +40000 +40000 +0 +0 +0$/m);
    const out = await commandToEnd(['export'], {
      env: env(),
      node: ['--max-old-space-size=24', '--max-semi-space-size=2'],
    });
    expect(out.code).toBe(0);
    expect(
      (JSON.parse(out.stdout) as { environmentAccountConnections: unknown[] }).environmentAccountConnections,
    ).toHaveLength(40_000);

    // Writing them takes long enough to be interrupted.
    const child = commandProcess(['export', '--output', folder.path('all.json')], env());
    const ended = once(child, 'exit');
    const started = () => readdirSync(folder.path('.')).some((name) => name.endsWith('.part'));
    while (!started() && child.exitCode === null) await delay(2);
    child.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(readdirSync(folder.path('.')).filter((name) => name.includes('all.json'))).toEqual([]);
  });

  it('reports a full disk for its output in one line', async () => {
    await commandToEnd(['import', file('one.json', record())], { env: env() });
    const script = join(PROJECT, 'bin', 'proton-subgraph.js');
    const intoFullDisk = (...words: readonly string[]) =>
      promisify(execFile)('/bin/sh', ['-c', '"$0" "$@" > /dev/full', process.execPath, script, ...words], {
        env: env(),
      }).catch((error: unknown) => error);
    const end = { code: 1, stderr: "Standard output can't be written: the disk is full.\n" };
    expect(
      await Promise.all([intoFullDisk('export'), intoFullDisk('access-key', 'list', '--json')]),
    ).toMatchObject([end, end]);
  });

  it('works on the store of a running server, which shows the imported connections at once', async () => {
    const server = await startServerProcess(env());
    const path = file('some.json', listed(record(), record({ id: 'x' })));
    const refused = await commandToEnd(['import', path, '-'], {
      env: env(),
      stdin: JSON.stringify(record()),
    });
    const shown = await dataOf(server.url, COUNT);
    await server.end('SIGTERM');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      `refused: ${path}, record 2: id must be the id of a connection, a lower-case UUID\n`,
    );
    expect(refused.stdout).toMatch(
      /some\.json +refused +2 +0 +0 +0 +1\n- +taken +1 +1 +0 +0 +0\ntotal +3 +1 +0 +0 +1$/m,
    );
    expect(shown).toEqual({ environmentAccountConnections: { totalCount: 1 } });
  });

  it('ends without a message when the reader of its output stops early', async () => {
    await commandToEnd(['import', await largeFile('some.json', 1000)], { env: env() });
    const child = commandProcess(['export'], env());
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await closed;
    expect({ code: child.exitCode, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('says in one line that it has not been built', async () => {
    mkdirSync(folder.path('bin'));
    const script = folder.path('bin/proton-subgraph.js');
    copyFileSync(join(PROJECT, 'bin', 'proton-subgraph.js'), script);
    const failure = await promisify(execFile)(script).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'proton-subgraph has not been built yet: run `npm run build` first.\n',
    });
  });
});

describe('On a terminal', () => {
  it('an import shows its progress, and errors in colour', async () => {
    const path = await largeFile('\u001b[2J{value}\u202elarge.json', 3000);
    const bad = file('bad.json', record({ status: 'LOST' }));
    const seen = await command(['import', path, bad], { env: env(), terminal: true });
    expect(seen.stderr).toMatch(/large\.json \[=* *\] \d+% of 1\.\d MB/);
    // The file's name controls neither the progress bar nor the terminal.
    expect(seen.stderr).toContain('\ufffd[2J{value}\ufffdlarge.json [');
    expect(seen.stdout).toContain('\ufffd[2J{value}\ufffdlarge.json  ');
    expect(seen.stderr).toContain('\u001b[31mrefused\u001b[39m: ');
    const plain = await command(['import', path, bad], { env: { ...env(), NO_COLOR: '1' }, terminal: true });
    expect(plain.stderr).toContain(`refused: ${bad}, record 1`);
    expect(plain.stderr).not.toContain('\u001b[31m');
    const piped = await command(['import', path, bad], { env: env() });
    expect(piped.stderr).toBe(
      `refused: ${bad}, record 1 (a1b2c3d4-5678-4abc-9def-111111111111): status must be one of PENDING, CONNECTED, REJECTED\n`,
    );
    expect(stored().connections).toHaveLength(3000);
  });
});
