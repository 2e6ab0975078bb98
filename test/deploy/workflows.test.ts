import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { useTemporaryFolder } from '../support/folder';
import { PROJECT } from '../support/server-process';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'timeout-minutes': number;
        readonly permissions?: unknown;
        readonly container?: string;
        readonly strategy?: { readonly matrix: { readonly node: readonly number[] } };
        readonly steps: readonly Step[];
      }
    >
  >;
}

const folder = useTemporaryFolder();
const FOLDER = join(PROJECT, '.github', 'workflows');
const NAMES = readdirSync(FOLDER);
const textOf = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const workflowOf = (name: string) => parse(textOf(name)) as Workflow;
const jobsOf = (name: string) => Object.values(workflowOf(name).jobs);
const stepsOf = (name: string) => jobsOf(name).flatMap(({ steps }) => steps);

/** False reports: the linter is older than these features. */
const NEWER_THAN_THE_LINTER = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

/** Lints workflows, and returns the problems of each by its name. */
function problemsIn(texts: Readonly<Record<string, string>>): Readonly<Record<string, readonly string[]>> {
  const { stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'lint-workflows.mjs')], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const results = JSON.parse(stdout) as Record<string, readonly { line: number; message: string }[]>;
  return Object.fromEntries(
    Object.entries(results).map(([name, found]) => [
      name,
      found
        .filter(({ message }) => !NEWER_THAN_THE_LINTER.some((known) => known.test(message)))
        .map(({ line, message }) => `${String(line)}: ${message}`),
    ]),
  );
}

it('The workflows are valid', () => {
  const texts = Object.fromEntries(NAMES.map((name) => [name, textOf(name)]));
  const broken = { 'broken.yml': textOf('ci.yml').replace('runs-on:', 'runs_on:') };
  const { 'broken.yml': found, ...problems } = problemsIn({ ...texts, ...broken });
  expect(problems).toEqual(Object.fromEntries(NAMES.map((name) => [name, []])));
  // The linter does find problems.
  expect(found).not.toEqual([]);
});

describe.each(NAMES)('The workflow %s', (name) => {
  it('can only read the repository by default', () => {
    expect(workflowOf(name).permissions).toEqual({ contents: 'read' });
    // It would run code from forks with our secrets.
    expect(Object.keys(workflowOf(name).on)).not.toContain('pull_request_target');
    for (const { uses, with: options } of stepsOf(name))
      if (uses?.startsWith('actions/checkout@')) expect(options).toEqual({ 'persist-credentials': false });
    for (const job of jobsOf(name)) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });

  it('pins actions by their commits', () => {
    const uses = [...textOf(name).matchAll(/uses: (.+)$/gm)].map(([, action = '']) => action);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('interpolates nothing into its commands', () => {
    // A branch name could inject a command. Environment variables are safe.
    for (const { run = '' } of stepsOf(name)) expect(run).not.toContain('${{');
  });

  it('runs commands and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const commands = stepsOf(name).flatMap(({ run = '' }) => run.split('\n'));
    const npm = commands.flatMap((line) =>
      [...line.matchAll(/npm run (\S+)/g)].map(([, script = '']) => script),
    );
    expect(npm.filter((script) => !(script in scripts))).toEqual([]);
    const files = commands.flatMap((line) =>
      [...line.matchAll(/(?:^|\s|\$CHART\/)((?:\.ci|deploy|schema|ci)\/[\w./-]+)/g)].map(([, file = '']) =>
        file.replace(/^ci\//, 'deploy/helm/proton-subgraph/ci/'),
      ),
    );
    expect(files.filter((file) => !existsSync(join(PROJECT, file)))).toEqual([]);
    for (const line of commands)
      if (/^(\.ci|deploy)\//.test(line)) accessSync(join(PROJECT, line.split(' ')[0] ?? ''), constants.X_OK);
  });
});

describe('The workflows', () => {
  it('test on every supported version of Node', () => {
    const [job] = jobsOf('ci.yml').filter(({ strategy }) => strategy !== undefined);
    expect(job?.strategy?.matrix.node).toEqual([20, 22, 24]);
    expect(job?.container).toMatch(/^node:\$\{\{ matrix\.node \}\}-/);
    expect(job?.steps.map(({ run }) => run)).toContain('.ci/run');
  });

  it('check and publish the schema under its name in the supergraph', () => {
    const commands = stepsOf('schema.yml').map(({ run = '' }) => run);
    for (const verb of ['check', 'publish'])
      expect(
        commands.filter((command) => command.startsWith(`rover subgraph ${verb} "$APOLLO_GRAPH_REF"`)),
      ).toHaveLength(1);
    const supergraph = readFileSync(join(PROJECT, 'examples', 'supergraph', 'run-supergraph.ts'), 'utf8');
    expect(supergraph).toContain(`name: '${workflowOf('schema.yml').env?.['SUBGRAPH'] ?? 'none'}'`);
  });

  it('skip the schema check with a notice when no graph is configured', () => {
    const script = stepsOf('schema.yml').find(({ run }) => run?.includes('GITHUB_OUTPUT'))?.run ?? '';
    const outputOf = (variables: Readonly<Record<string, string>>) => {
      const output = folder.path('output');
      writeFileSync(output, '');
      const { status, stdout } = spawnSync('bash', ['-euc', script], {
        env: { GITHUB_OUTPUT: output, APOLLO_KEY: '', APOLLO_GRAPH_REF: '', ...variables },
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      return stdout + readFileSync(output, 'utf8');
    };
    expect(outputOf({})).toMatch(/^::notice .*APOLLO_KEY/);
    expect(outputOf({ APOLLO_KEY: 'key' })).toMatch(/^::notice /);
    expect(outputOf({ APOLLO_KEY: 'key', APOLLO_GRAPH_REF: 'graph@current' })).toBe('known=true\n');
  });

  it('publish an image only from a tag, with provenance and an SBOM', () => {
    const { jobs } = workflowOf('container.yml');
    const [pushing, ...others] = Object.values(jobs).filter(({ steps }) =>
      steps.some((step) => step.with?.['push'] === true),
    );
    expect(others).toEqual([]);
    expect(pushing).toMatchObject({ if: "startsWith(github.ref, 'refs/tags/v')", needs: 'try' });
    expect(pushing?.permissions).toEqual({ contents: 'read', packages: 'write', 'id-token': 'write' });
    expect(pushing?.steps.at(-1)?.with).toMatchObject({ provenance: 'mode=max', sbom: true });
  });

  it('test the image with a script that has valid syntax', () => {
    const { status, stderr } = spawnSync('bash', ['-n', join(PROJECT, 'deploy', 'try-image.sh')], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});
