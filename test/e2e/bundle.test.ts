import { execFile } from 'node:child_process';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { useTemporaryFolder } from '../support/folder';
import { environmentWith, NODE_OPTIONS, PROJECT } from '../support/server-process';

const run = promisify(execFile);
const folder = useTemporaryFolder();

/** Loads the server as `dist/main.js` does, without starting it, and prints how. */
const SCRIPT = `
  const { compileBundle, loadProgram } = require('./dist/load-program');
  const isBuilt = require('node:fs').existsSync('dist/bundle.js');
  const rejected = isBuilt ? compileBundle().cachedDataRejected : 'no bundle';
  void loadProgram()
    .then(({ loadServer }) => loadServer())
    .then(({ serve }) => {
      const isBundled = !Object.keys(require.cache).some((file) => /dist.app.serve\\.js$/.test(file));
      console.log(JSON.stringify({ serve: typeof serve, isBundled, rejected: rejected ?? 'no code cache' }));
    });`;

async function load(...flags: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await run(process.execPath, [...flags, '-e', SCRIPT], {
    cwd: folder.path('.'),
    env: environmentWith({ NODE_OPTIONS }),
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('The built server, moved to another folder', () => {
  const cache = () => folder.path('dist/bundle.cache');

  beforeEach(() => {
    const pages = ['console', 'explorer'].map((name) => join(PROJECT, 'dist', name));
    cpSync(join(PROJECT, 'dist'), folder.path('dist'), {
      recursive: true,
      filter: (path) => !pages.includes(path),
    });
    for (const name of ['node_modules', 'schema']) symlinkSync(join(PROJECT, name), folder.path(name));
  });

  it('is loaded from the bundle, with its code cache', async () => {
    expect(await load()).toEqual({ serve: 'function', isBundled: true, rejected: false });
  });

  it('is loaded from the bundle although V8 rejects the code cache for its flags', async () => {
    expect(await load('--stack-size=900')).toEqual({ serve: 'function', isBundled: true, rejected: true });
  });

  it.each([
    ['of another version of Node.js', (content: Buffer) => replaced(content, process.version, 'v20.19.9')],
    ['of another processor', (content: Buffer) => replaced(content, process.arch, 'other')],
    ['that is damaged', (content: Buffer) => flipped(content, content.length >> 1)],
    ['that is incomplete', (content: Buffer) => content.subarray(0, content.length >> 1)],
    ['that is empty', () => Buffer.alloc(0)],
  ])('does not use a code cache %s', async (_name, change) => {
    writeFileSync(cache(), change(readFileSync(cache())));
    expect(await load()).toEqual({ serve: 'function', isBundled: true, rejected: 'no code cache' });
  });

  it('does not use the code cache of another bundle of the same length', async () => {
    const bundle = folder.path('dist/bundle.js');
    const text = readFileSync(bundle, 'latin1');
    writeFileSync(bundle, text.replace('"use strict"', '"use_strict"'), 'latin1');
    expect(await load()).toEqual({ serve: 'function', isBundled: true, rejected: 'no code cache' });
  });

  it('is loaded from its modules without a bundle', async () => {
    rmSync(folder.path('dist/bundle.js'));
    expect(await load()).toEqual({ serve: 'function', isBundled: false, rejected: 'no bundle' });
  });
});

/** Replaces words in the first line. */
function replaced(content: Buffer, from: string, to: string): Buffer {
  const end = content.indexOf('\n');
  const label = content.toString('latin1', 0, end);
  expect(label).toContain(from);
  return Buffer.concat([Buffer.from(label.replace(from, to)), content.subarray(end)]);
}

function flipped(content: Buffer, at: number): Buffer {
  const copy = Buffer.from(content);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
