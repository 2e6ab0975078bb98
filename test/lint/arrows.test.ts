import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { PROJECT } from '../support/server-process';

type Case = readonly [file: string, allowed: readonly string[], forbidden: readonly string[]];

const CASES: readonly Case[] = [
  [
    'src/proton/page.ts',
    ['./failure', './validation/values', 'node:crypto', 'zod'],
    [
      '../control-plane/store',
      '../control-plane/sqlite/rows',
      '../subgraph/schema',
      '../http/errors',
      '../app/create-app',
      '../config/config',
    ],
  ],
  [
    'src/control-plane/store.ts',
    ['../proton/failure', './decisions/create'],
    ['./sqlite/rows', '../subgraph/context', '../http/errors', '../config/config'],
  ],
  [
    'src/proton-sdk/calls.ts',
    ['../proton/failure', './transport/clients', '@aws-sdk/client-proton'],
    [
      '../control-plane/store',
      '../control-plane/sqlite/rows',
      '../aws-api/aws-api',
      '../subgraph/context',
      '../config/config',
    ],
  ],
  [
    'src/aws-api/aws-api.ts',
    ['../proton/viewer', '../control-plane/control-plane', '../sigv4/verify-signature', './aws-error'],
    [
      '../control-plane/sqlite/rows',
      '../proton-sdk/calls',
      '../http/errors',
      '../subgraph/context',
      '../config/config',
    ],
  ],
  [
    'src/events/deliverer.ts',
    ['../control-plane/outbound', '../proton/identifiers', './backoff', '@aws-sdk/client-eventbridge'],
    [
      '../control-plane/sqlite/rows',
      '../control-plane/postgres/database',
      '../config/config',
      '../telemetry/metrics',
      '../http/errors',
    ],
  ],
  [
    'src/subgraph/context.ts',
    ['../proton/page', './context'],
    [
      '../control-plane/store',
      '../control-plane/sqlite/rows',
      '../proton-sdk/calls',
      '../aws-api/aws-api',
      '../graphql/format-error',
      '../http/errors',
      '../app/create-app',
      '../config/config',
      '../telemetry/logger',
    ],
  ],
  [
    'src/graphql/format-error.ts',
    ['../subgraph/context', '../proton/failure', './limits/document-limits'],
    [
      '../control-plane/store',
      '../control-plane/sqlite/rows',
      '../http/errors',
      '../aws-api/aws-api',
      '../telemetry/logger',
      '../config/config',
    ],
  ],
  [
    'src/http/graphql-server.ts',
    [
      '../subgraph/schema',
      '../graphql/format-error',
      '../aws-api/aws-api',
      '../authentication/authentication',
      './errors',
      'fastify',
    ],
    [
      '../proton/page',
      '../control-plane/store',
      '../sigv4/signing-date',
      '../telemetry/metrics',
      '../app/create-app',
      '../config/config',
    ],
  ],
  [
    'src/config/config.ts',
    ['../proton/identifiers', './environment'],
    ['../app/create-app', '../http/graphql-server', '../subgraph/schema', '../control-plane/store'],
  ],
  [
    'src/app/create-app.ts',
    ['./sdk-back-end', '../http/graphql-server', '../telemetry/telemetry', '../config/config'],
    ['../sigv4/signing-date', '../main', '../program', '../cli/program'],
  ],
  [
    'src/app/embedded-back-end.ts',
    [
      './back-end',
      '../control-plane/sqlite/sqlite-store',
      '../proton-sdk/calls',
      '../http/aws-server',
      '../config/config',
    ],
    ['../sigv4/signing-date', '../main', '../cli/program'],
  ],
  [
    'src/main.ts',
    ['./load-program', './root-folder'],
    ['./program', './app/create-app', './config/config', './telemetry/logger', './cli/program'],
  ],
  ['src/load-program.ts', ['./program'], ['./main', './app/serve', './cli/main', './config/config']],
  ['src/program.ts', ['./app/serve', './cli/main'], ['./main', './config/config', './subgraph/context']],
  ['src/root-folder.ts', ['node:path'], ['./main', './config/config', './proton/identifiers']],
  [
    'src/cli/program.ts',
    ['../config/config', '../proton/identifiers', '../control-plane/store', '../control-plane/sqlite/rows'],
    ['../http/errors', '../subgraph/context', '../aws-api/aws-api', '../app/create-app', '../main'],
  ],
  [
    'src/sigv4/verify-signature.ts',
    ['./signing-date', 'node:crypto'],
    ['../aws-api/aws-error', '../authentication/authentication', '../proton/viewer', '../http/errors'],
  ],
  [
    'src/authentication/authentication.ts',
    ['./headers', '../sigv4/verify-signature', '../proton/viewer', 'jose'],
    [
      '../aws-api/aws-api',
      '../control-plane/store',
      '../http/errors',
      '../telemetry/logger',
      '../config/config',
    ],
  ],
  [
    'src/telemetry/telemetry.ts',
    ['./metrics', './events', 'prom-client'],
    [
      '../config/environment',
      '../http/errors',
      '../proton/failure',
      '../subgraph/context',
      '../app/create-app',
    ],
  ],
];

interface LintMessage {
  readonly line: number;
  readonly ruleId: string | null;
  readonly message: string;
}

/** Lints imports as the content of files of the project, and returns the rejected ones of each file. */
function rejectedImports(files: readonly Case[]): readonly (readonly string[])[] {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(__dirname, 'lint-texts.mjs'), join(__dirname, 'arrows.config.mjs')],
    {
      cwd: PROJECT,
      input: JSON.stringify(
        files.map(([file, allowed, forbidden]) => ({
          file: join(PROJECT, file),
          text: [...allowed, ...forbidden].map((specifier) => `import '${specifier}';`).join('\n'),
        })),
      ),
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`the linter ended with ${String(status)}: ${stderr}`);
  const messages = JSON.parse(stdout) as readonly (readonly LintMessage[])[];
  return files.map(([, allowed, forbidden], index) =>
    (messages[index] ?? []).map(({ line, ruleId, message }) =>
      ruleId === 'boundaries/dependencies' ? ([...allowed, ...forbidden][line - 1] ?? message) : message,
    ),
  );
}

describe('Imports between modules go one way', () => {
  it('is checked with files that exist', () => {
    const specifiers = CASES.flatMap(([file, allowed, forbidden]) =>
      [...allowed, ...forbidden]
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => join(dirname(file), `${specifier}.ts`)),
    );
    expect(specifiers.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });

  let rejected: readonly (readonly string[])[];
  beforeAll(() => {
    rejected = rejectedImports(CASES);
  });

  it.each(CASES.map((each, index) => [...each, index] as const))(
    'from %s',
    (_file, _allowed, forbidden, index) => {
      expect(rejected[index]).toEqual(forbidden);
    },
  );
});
