import BetterSqlite3 from 'better-sqlite3';

import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { command } from './command';
import { listed, record, useMoving } from './moving';

const { take, importing, file, stored, folder, env } = useMoving();

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

describe('A file that asks for too much', () => {
  it('is refused for conditions that lead to one another without end in sight', async () => {
    const conditions = numbered(8000, (index) => [
      `C${String(index)}`,
      { 'Fn::Not': [{ Condition: `C${String(index + 1)}` }] },
    ]);
    const chained = template({ EnvironmentName: { 'Fn::If': ['C0', 'a', 'b'] } }, { Conditions: conditions });
    expect((await take(chained, HERE)).refusals[0]?.reasons).toEqual([
      expect.stringMatching(
        /^EnvironmentName can't be resolved: .* is nested more than 200 expressions deep$/,
      ),
    ]);
  });

  it('is refused for roles whose names double at each step', async () => {
    const roles = numbered(28, (index) => {
      const next = `R${String(index + 1)}.Arn`;
      return [
        `R${String(index)}`,
        { Type: 'AWS::IAM::Role', Properties: { RoleName: { 'Fn::Sub': `\${${next}}\${${next}}` } } },
      ];
    });
    const last = { R28: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'x' } } };
    const doubling = template({ RoleArn: { 'Fn::GetAtt': ['R0', 'Arn'] } }, {}, { ...roles, ...last });
    expect((await take(doubling, HERE)).refusals[0]?.reasons).toEqual([
      expect.stringMatching(/^RoleArn can't be resolved: .* resolves to more than 4096 characters$/),
    ]);
  });

  it('is refused for texts within texts that double at each step', async () => {
    let sub: unknown = 'xx';
    for (let level = 0; level < 20; level += 1) sub = { 'Fn::Sub': ['${a}${a}', { a: sub }] };
    expect((await take(template({ RoleArn: sub }), HERE)).refusals[0]?.reasons).toEqual([
      expect.stringMatching(/resolves to more than 4096 characters$/),
    ]);
    // Nothing is as long in the end; each is resolved once all the same.
    let empty: unknown = '';
    for (let level = 0; level < 28; level += 1) empty = { 'Fn::Sub': ['${a}${a}', { a: empty }] };
    expect(await take(template({ RoleArn: empty }), HERE)).toMatchObject({ result: 'taken' });
  });

  it('is read in no time whatever number of aliases it has', async () => {
    const aliases = Array.from({ length: 30_000 }, () => '- *a\n').join('');
    const { problems } = await take(`a: &a x\nb:\n${aliases}`);
    expect(problems).toEqual([expect.stringMatching(/^holds an object that is neither/)]);
  });

  it.each<[string, string, RegExp]>([
    [
      'more text than a template has',
      `a: ${'x'.repeat(1024 * 1024)}`,
      /^is not JSON, and is larger than 1 MiB/,
    ],
    ['more values than anything has', '- a\n'.repeat(250_000), /^has more than 200000 values in YAML$/],
    ['more documents than anything has', '---\n'.repeat(50_000), /^has more than 200000 values in YAML$/],
    ['nesting', `a: ${'['.repeat(101)}${']'.repeat(101)}`, /^is nested more than 100 levels deep$/],
    ['nesting without end', '- '.repeat(20_000), /^is nested (?:too deeply|more than 100 levels deep)$/],
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
    ['an anchor that holds itself', 'a: &a [*a]\n', /^has an anchor that refers to itself: a$/],
  ])('is refused for %s', async (_what, content, problem) => {
    expect((await take(content)).problems).toEqual([expect.stringMatching(problem)]);
  });

  it('does not keep other files from being taken, even when it brings down its own import', async () => {
    const store = openSqliteStore({ location: folder.path('proton.db') });
    await store.close();
    const database = new BetterSqlite3(folder.path('proton.db'));
    // As good as any mistake of ours: something that no import reckons with.
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

describe('What is wrong past the first hundred', () => {
  it('is counted, in words and in JSON', async () => {
    const problems = file(
      'problems.json',
      Array.from({ length: 130 }, () => 7),
    );
    const refusals = file(
      'refusals.json',
      Array.from({ length: 120 }, () => ({ id: 'x' })),
    );
    const { files } = await importing([problems, refusals]);
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

describe('A file that can’t be taken', () => {
  it('makes no database where there is none', async () => {
    const { code } = await importing([
      folder.path('none.json'),
      file('bad.json', record({ status: 'LOST' })),
    ]);
    expect(code).toBe(1);
    expect(stored).toThrow('unable to open database file');
    expect(await take(listed())).toMatchObject({ result: 'taken' });
    expect(stored().connections).toEqual([]);
  });
});
