import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { PROJECT } from '../support/server-process';

/** Lints imports as if they stood in a file of the project, by the linter's own command, and answers those it refuses. */
function refusedImports(file: string, specifiers: readonly string[]): readonly string[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(PROJECT, 'node_modules', 'eslint', 'bin', 'eslint.js'),
      '--config',
      join(__dirname, 'arrows.config.mjs'),
      '--format',
      'json',
      '--stdin',
      '--stdin-filename',
      join(PROJECT, file),
    ],
    {
      cwd: PROJECT,
      input: specifiers.map((specifier) => `import '${specifier}';`).join('\n'),
      encoding: 'utf8',
    },
  );
  const [report] = JSON.parse(stdout || `[{"messages":[{"message":${JSON.stringify(stderr)}}]}]`) as {
    messages: { line: number; ruleId: string | null; message: string }[];
  }[];
  return (report?.messages ?? []).map(({ line, ruleId, message }) =>
    ruleId === 'boundaries/dependencies' ? (specifiers[line - 1] ?? message) : message,
  );
}

describe('The arrows between the rooms go one way', () => {
  it.each([
    [
      'src/proton/page.ts',
      ['./failure', './rules/tags', 'node:crypto', 'zod'],
      [
        './embedded/store',
        './embedded/sqlite/rows',
        '../subgraph/schema',
        '../http/errors',
        '../app',
        '../config',
      ],
    ],
    [
      'src/proton/embedded/store.ts',
      ['../failure', './decisions/create'],
      ['./sqlite/rows', '../../subgraph/loaders', '../../http/errors', '../../config'],
    ],
    [
      'src/proton/sdk/clients.ts',
      ['../failure', './calls', '@aws-sdk/client-proton'],
      ['../embedded/store', '../embedded/sqlite/rows', '../../endpoint/endpoint', '../../config'],
    ],
    [
      'src/endpoint/endpoint.ts',
      ['../proton/viewer', '../proton/embedded/embedded-proton-service', './aws-error'],
      [
        '../proton/embedded/sqlite/rows',
        '../proton/sdk/clients',
        '../http/errors',
        '../subgraph/loaders',
        '../config',
      ],
    ],
    [
      'src/subgraph/loaders.ts',
      ['../proton/page', './context'],
      [
        '../proton/embedded/store',
        '../proton/embedded/sqlite/rows',
        '../proton/sdk/clients',
        '../endpoint/endpoint',
        '../http/errors',
        '../app',
        '../config',
        '../telemetry/logger',
      ],
    ],
    [
      'src/http/web-server.ts',
      ['../subgraph/schema', '../endpoint/endpoint', './errors', 'fastify'],
      ['../proton/page', '../proton/embedded/store', '../app', '../config'],
    ],
    ['src/config.ts', ['./proton/identifiers'], ['./app', './http/web-server', './subgraph/schema']],
    [
      'src/app.ts',
      ['./http/web-server', './proton/embedded/sqlite/sqlite-store', './proton/sdk/clients', './config'],
      ['./main', './cli/print-schema'],
    ],
  ])('from %s', (file, allowed, forbidden) => {
    expect(refusedImports(file, [...allowed, ...forbidden])).toEqual(forbidden);
  });
});
