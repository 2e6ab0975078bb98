import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { PROJECT } from '../support/server-process';

type Case = readonly [file: string, allowed: readonly string[], forbidden: readonly string[]];

const CASES: readonly Case[] = [
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
    'src/control-plane/store.ts',
    ['../failure', './decisions/create'],
    ['./sqlite/rows', '../../subgraph/loaders', '../../http/errors', '../../config'],
  ],
  [
    'src/proton-sdk/transport/clients.ts',
    ['../failure', './calls', '@aws-sdk/client-proton'],
    ['../embedded/store', '../embedded/sqlite/rows', '../../endpoint/endpoint', '../../config'],
  ],
  [
    'src/aws-api/aws-api.ts',
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
    'src/http/graphql-server.ts',
    ['../subgraph/schema', '../endpoint/endpoint', '../authentication/authentication', './errors', 'fastify'],
    [
      '../proton/page',
      '../proton/embedded/store',
      '../sigv4/signing-date',
      '../telemetry/metrics',
      '../app',
      '../config',
    ],
  ],
  [
    'src/config/config.ts',
    ['./proton/identifiers', './settings/variables'],
    ['./app', './http/web-server', './subgraph/schema'],
  ],
  [
    'src/app/create-app.ts',
    ['./app/sdk-back-end', './http/web-server', './telemetry/telemetry', './config'],
    [
      './proton/embedded/sqlite/sqlite-store',
      './proton/sdk/clients',
      './sigv4/signing-date',
      './main',
      './cli/print-schema',
    ],
  ],
  [
    'src/app/embedded-back-end.ts',
    ['./back-end', '../proton/embedded/sqlite/sqlite-store', '../http/endpoint-server', '../config'],
    ['../app', '../main', '../subgraph/schema', '../authentication/authentication'],
  ],
  [
    'src/sigv4/verify-signature.ts',
    ['./signing-date', 'node:crypto'],
    ['../endpoint/aws-error', '../authentication/authentication', '../proton/viewer', '../http/errors'],
  ],
  [
    'src/authentication/authentication.ts',
    ['./viewers', '../sigv4/verify-signature', '../proton/viewer', 'jose'],
    [
      '../endpoint/endpoint',
      '../proton/embedded/store',
      '../http/errors',
      '../telemetry/logger',
      '../config',
    ],
  ],
  [
    'src/telemetry/telemetry.ts',
    ['./metrics', '../settings/variables', 'prom-client'],
    ['../http/errors', '../proton/failure', '../subgraph/context', '../app', '../config'],
  ],
];

interface LintMessage {
  readonly line: number;
  readonly ruleId: string | null;
  readonly message: string;
}

/** Has the linter look at imports as if they stood in files of the project, and answers those that it refuses in each. */
function refusedImports(files: readonly Case[]): readonly (readonly string[])[] {
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

describe('The arrows between the rooms go one way', () => {
  let refused: readonly (readonly string[])[];
  beforeAll(() => {
    refused = refusedImports(CASES);
  });

  it.each(CASES.map((each, index) => [...each, index] as const))(
    'from %s',
    (_file, _allowed, forbidden, index) => {
      expect(refused[index]).toEqual(forbidden);
    },
  );
});
