import BetterSqlite3 from 'better-sqlite3';

import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { command } from './command';
import { listed, record, useImports } from './import-fixture';

const { importContent, importFiles, file, stored, folder, env } = useImports();

const HERE = ['--account', '222222222222', '--region', 'eu-central-1'] as const;

const template = (properties: Readonly<Record<string, unknown>>, rest: object = {}, others: object = {}) => ({
  Resources: {
    One: {
      Type: 'AWS::Proton::EnvironmentAccountConnection',
      Properties: { ManagementAccountId: '111111111111', EnvironmentName: 'payments', ...properties },
    },
    ...others,
  },
  ...rest,
});

const numbered = <Value>(count: number, make: (index: number) => readonly [string, Value]) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)));

describe('A file that exceeds a limit', () => {
  it('is refused for a very long chain of conditions', async () => {
    const conditions = numbered(8000, (index) => [
      `C${String(index)}`,
      { 'Fn::Not': [{ Condition: `C${String(index + 1)}` }] },
    ]);
    const chained = template({ EnvironmentName: { 'Fn::If': ['C0', 'a', 'b'] } }, { Conditions: conditions });
    expect((await importContent(chained, HERE)).refusals[0]?.reasons).toEqual([
      expect.stringMatching(
        /^EnvironmentName can't be resolved: .* is nested more than 200 expressions deep$/,
      ),
    ]);
  });

  it('is refused for role names that double at each level', async () => {
    const roles = numbered(28, (index) => {
      const next = `R${String(index + 1)}.Arn`;
      return [
        `R${String(index)}`,
        { Type: 'AWS::IAM::Role', Properties: { RoleName: { 'Fn::Sub': `\${${next}}\${${next}}` } } },
      ];
    });
    const last = { R28: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'x' } } };
    const doubling = template({ RoleArn: { 'Fn::GetAtt': ['R0', 'Arn'] } }, {}, { ...roles, ...last });
    expect((await importContent(doubling, HERE)).refusals[0]?.reasons).toEqual([
      expect.stringMatching(/^RoleArn can't be resolved: .* resolves to more than 4096 characters$/),
    ]);
  });

  it('is refused for nested strings that double at each level', async () => {
    let sub: unknown = 'xx';
    for (let level = 0; level < 20; level += 1) sub = { 'Fn::Sub': ['${a}${a}', { a: sub }] };
    expect((await importContent(template({ RoleArn: sub }), HERE)).refusals[0]?.reasons).toEqual([
      expect.stringMatching(/resolves to more than 4096 characters$/),
    ]);
    // Empty strings do not grow, and each variable is resolved only once.
    let empty: unknown = '';
    for (let level = 0; level < 28; level += 1) empty = { 'Fn::Sub': ['${a}${a}', { a: empty }] };
    expect(await importContent(template({ RoleArn: empty }), HERE)).toMatchObject({ result: 'taken' });
  });

  it('is read quickly even with very many aliases', async () => {
    const aliases = Array.from({ length: 30_000 }, () => '- *a\n').join('');
    const { problems } = await importContent(`a: &a x\nb:\n${aliases}`);
    expect(problems).toEqual([expect.stringMatching(/^holds an object that is neither/)]);
  });

  it.each<[string, string, RegExp]>([
    [
      'more text than a template may have',
      `a: ${'x'.repeat(1024 * 1024)}`,
      /^is not JSON, and is larger than 1 MiB/,
    ],
    ['too many values', '- a\n'.repeat(250_000), /^has more than 200000 values in YAML$/],
    ['too many documents', '---\n'.repeat(50_000), /^has more than 200000 values in YAML$/],
    ['nesting', `a: ${'['.repeat(101)}${']'.repeat(101)}`, /^is nested more than 100 levels deep$/],
    ['very deep nesting', '- '.repeat(20_000), /^is nested (?:too deeply|more than 100 levels deep)$/],
    [
      'aliases that nest',
      `a0: &a0 x\n${Array.from({ length: 101 }, (_, i) => `a${String(i + 1)}: &a${String(i + 1)} [*a${String(i)}]\n`).join('')}`,
      /^is nested more than 100 levels deep$/,
    ],
    [
      'aliases of a long text',
      `a: &a ${'x'.repeat(100_000)}\nb: [${'*a, '.repeat(50)}]\n`,
      /^has aliases that expand to too much text$/,
    ],
    ['an anchor that contains itself', 'a: &a [*a]\n', /^has an anchor that refers to itself: a$/],
  ])('is refused for %s', async (_what, content, problem) => {
    expect((await importContent(content)).problems).toEqual([expect.stringMatching(problem)]);
  });

  it('does not stop the import of other files, even when its own import fails unexpectedly', async () => {
    const store = openSqliteStore({ location: folder.path('proton.db') });
    await store.close();
    const database = new BetterSqlite3(folder.path('proton.db'));
    // Stands for a bug: an error that the import does not expect.
    database.exec(
      "CREATE TRIGGER sabotage BEFORE INSERT ON connections WHEN NEW.environment_name = 'cursed' BEGIN SELECT RAISE(ABORT, 'sabotaged'); END",
    );
    database.close();
    const words = [
      file('bad.json', record({ status: 'LOST' })),
      file('cursed.json', record({ environmentName: 'cursed' })),
      file('good.json', record()),
    ];
    const { code, stdout, stderr } = await command(['import', ...words], { env: env() });
    expect(code).toBe(1);
    expect(stderr).toContain('SqliteError: sabotaged\n');
    expect(stderr).toMatch(/refused: .*bad\.json, record 1/);
    expect(stderr).toMatch(/refused: .*cursed\.json can't be imported because of a bug in proton-subgraph/);
    expect(stdout).toMatch(/cursed\.json +refused .*\n.*good\.json +taken +1 +1 /);
    expect(stored().connections).toMatchObject([{ environment_name: 'payments-staging' }]);
  });
});

describe('Errors after the first hundred', () => {
  it('are counted, in text and in JSON', async () => {
    const problems = file(
      'problems.json',
      Array.from({ length: 130 }, () => 7),
    );
    const refusals = file(
      'refusals.json',
      Array.from({ length: 120 }, () => ({ id: 'x' })),
    );
    const { files } = await importFiles([problems, refusals]);
    expect(files).toMatchObject([
      { moreProblems: 30, moreRefusals: 0 },
      { moreProblems: 0, moreRefusals: 20, refused: 120 },
    ]);
    expect(files[0]?.problems).toHaveLength(100);
    const { stderr } = await command(['import', problems, refusals], { env: env() });
    expect(stderr).toContain(`refused: ${problems}: … and 30 more problems\n`);
    expect(stderr).toContain(`refused: ${refusals}: … and 20 more records\n`);
  });
});

describe('A file that can’t be imported', () => {
  it('does not create a database', async () => {
    const { code } = await importFiles([
      folder.path('none.json'),
      file('bad.json', record({ status: 'LOST' })),
    ]);
    expect(code).toBe(1);
    expect(stored).toThrow('unable to open database file');
    expect(await importContent(listed())).toMatchObject({ result: 'taken' });
    expect(stored().connections).toEqual([]);
  });
});
