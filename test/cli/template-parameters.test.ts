import { command } from './command';
import { record, useImports } from './import-fixture';

const { importFiles, importContent, stored, file, env } = useImports();

const HERE = ['--account', '222222222222', '--region', 'eu-central-1'] as const;
const ROLE = 'arn:aws:iam::222222222222:role/generated-1A2B';

const TEMPLATE = `
Parameters:
  Management: { Type: String }
  Stage: { Type: String, Default: test, AllowedValues: [test, prod], MaxLength: 4 }
  Role: { Type: "AWS::SSM::Parameter::Value<String>", Default: /proton/role, AllowedValues: [/proton/role] }
  Accounts: { Type: CommaDelimitedList, Default: "333333333333, 222222222222", AllowedPattern: "[0-9]{12}" }
  Count: { Type: Number, Default: 1, MinValue: 1, MaxValue: 10 }
Resources:
  One:
    Type: AWS::Proton::EnvironmentAccountConnection
    Properties:
      ManagementAccountId: !Ref Management
      EnvironmentName: !Sub payments-\${Stage}-\${Count}
      EnvironmentAccountId: !Select [1, !Ref Accounts]
      RoleArn: !Ref Role
`;

const GIVEN = { Management: '111111111111', Role: ROLE };
const options = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).flatMap(([name, value]) => ['--parameter', `${name}=${value}`]);

/** Runs an import that must fail before it imports anything, and returns its error. */
async function failing(
  words: readonly string[],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const { code, stdout, stderr } = await command(['import', ...words], { env: env() });
  expect(stdout).toBe('');
  return { code, stderr };
}

describe('--parameter', () => {
  it('sets the value of a parameter, instead of its default and of the value in the Parameter Store', async () => {
    expect(await importContent(TEMPLATE, [...HERE, ...options({ ...GIVEN, Stage: 'prod' })])).toMatchObject({
      new: 1,
    });
    expect(stored().connections).toMatchObject([
      {
        management_account_id: '111111111111',
        environment_name: 'payments-prod-1',
        environment_account_id: '222222222222',
        role_arn: ROLE,
      },
    ]);
  });

  it('takes everything after the first = as the value, and an empty value', async () => {
    const template = TEMPLATE.replace(
      'Stage: {',
      'A: { Type: String }\n  B: { Type: String }\n  Stage: {',
    ).replace('RoleArn: !Ref Role', 'Tags: [{ Key: a, Value: !Ref A }, { Key: b, Value: !Ref B }]');
    const words = options({ Management: '111111111111', A: 'x=y==', B: '' });
    expect(await importContent(template, [...HERE, ...words])).toMatchObject({ new: 1 });
    expect(stored().connections).toMatchObject([
      { tags: '[{"key":"a","value":"x=y=="},{"key":"b","value":""}]' },
    ]);
  });

  it.each([
    ['Stage', 'live', 'is "live", which is not one of its AllowedValues: test, prod'],
    ['Count', '11', 'is "11", which is above its MaxValue, 10'],
    ['Count', '0', 'is "0", which is below its MinValue, 1'],
    ['Count', 'many', 'is "many", which is not a number'],
    ['Accounts', '222222222222,x', 'is "x", which does not match its AllowedPattern, [0-9]{12}'],
  ])('refuses for %s the value %s, which CloudFormation would reject', async (name, value, reason) => {
    const { refusals } = await importContent(TEMPLATE, [...HERE, ...options({ ...GIVEN, [name]: value })]);
    expect(refusals[0]?.reasons).toEqual([expect.stringMatching(/^Environment(?:Name|AccountId) can't be/)]);
    expect(refusals[0]?.reasons[0]?.endsWith(` ${reason}`)).toBe(true);
    expect(stored).toThrow('unable to open database file');
  });

  it.each([
    ['without =', ['Stage'], "argument 'Stage' is invalid. It must be Key=Value."],
    ['without a key', ['=x'], "argument '=x' is invalid. It must be Key=Value."],
    ['twice', ['Stage=a', 'Stage=b'], 'Stage is given twice.'],
  ])('is invalid %s', async (_how, words, message) => {
    const given = words.flatMap((word) => ['--parameter', word]);
    const { code, stderr } = await failing([file('a.yaml', TEMPLATE), ...given]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('imports nothing when no template declares a key, and names the key', async () => {
    const words = [file('good.json', record()), file('a.yaml', TEMPLATE), file('bad.yaml', 'a: [')];
    const { code, stderr } = await failing([
      ...words,
      ...HERE,
      ...options({ ...GIVEN, Stagee: 'x', 'Nope.Arn': ROLE }),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^No template declares Stagee, Nope\.Arn, so nothing was imported\./);
    expect(stderr).toMatch(/bad\.yaml is not YAML: /);
    expect(stored).toThrow('unable to open database file');
  });

  it('needs only one of several templates to declare a key', async () => {
    const other = TEMPLATE.replace('  Stage:', '  Unused: { Type: String, Default: x }\n  Stage:').replace(
      'payments',
      'orders',
    );
    const words = [file('a.yaml', TEMPLATE), file('b.yaml', other), file('c.json', record()), ...HERE];
    const { files } = await importFiles([...words, ...options({ ...GIVEN, Unused: 'y' })]);
    expect(files).toMatchObject([{ new: 1 }, { new: 1 }, { new: 1 }]);
  });

  it('works for a template on standard input', async () => {
    const { files } = await importFiles(['-', ...HERE, ...options(GIVEN)], { stdin: TEMPLATE });
    expect(files).toMatchObject([{ result: 'taken', new: 1 }]);
  });
});

describe('--parameters', () => {
  it.each<[string, unknown]>([
    [
      'a list of ParameterKey and ParameterValue',
      Object.entries(GIVEN).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    ],
    ['a list of Key=Value', Object.entries(GIVEN).map(([name, value]) => `${name}=${value}`)],
    ['an object under Parameters', { Parameters: GIVEN, Tags: { team: 'payments' } }],
    [
      'an object with a number',
      `{\n\t"Parameters": {\n\t\t"Management": 111111111111,\n\t\t"Role": "${ROLE}"\n\t}\n}`,
    ],
  ])('reads %s from a file', async (_shape, content) => {
    const words = [...HERE, '--parameters', file('parameters.json', content)];
    expect(await importContent(TEMPLATE, words)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([{ management_account_id: '111111111111', role_arn: ROLE }]);
  });

  it('is overridden by --parameter', async () => {
    const path = file('parameters.json', { Parameters: { ...GIVEN, Stage: 'prod' } });
    await importContent(TEMPLATE, [...HERE, '--parameters', path, '--parameter', 'Stage=test']);
    expect(stored().connections).toMatchObject([{ environment_name: 'payments-test-1', role_arn: ROLE }]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'another shape',
      { Management: 'x' },
      /parameters\.json must contain a list of objects with ParameterKey/,
    ],
    ['a list of something else', [7], /has "7" in its list/],
    ['a key twice', ['A=1', 'A=2'], /gives the parameter A twice/],
    ['a member twice', '{"Parameters": {"A": "1", "A": "2"}}', /has the key A twice in line 1/],
    [
      'no value',
      [{ ParameterKey: 'Stage', UsePreviousValue: true }],
      /must give the parameter Stage a string/,
    ],
    ['broken JSON', '[', /The parameter file .*parameters\.json is not YAML/],
    ['an unknown key', ['Stagee=x'], /^No template declares Stagee/],
    [
      'a role’s ARN that is not one',
      ['Role.Arn=x'],
      /^The parameter Role\.Arn must be the ARN of a role, .*, not "x"\.$/m,
    ],
  ])('refuses a file with %s', async (_what, content, message) => {
    const words = [file('a.yaml', TEMPLATE), '--parameters', file('parameters.json', content), ...HERE];
    const { code, stderr } = await failing(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it('reports a missing file', async () => {
    const { code, stderr } = await failing([file('a.yaml', TEMPLATE), '--parameters', '/none.json']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "The parameter file /none.json can't be read: there is no such file or folder.\n",
    });
  });
});

describe('--parameter LogicalId.Arn', () => {
  const withRole = (reference: string, properties = '{ AssumeRolePolicyDocument: {} }') => `
Conditions: { Never: !Equals [a, b] }
Resources:
  Proton: { Type: "AWS::IAM::Role", Properties: ${properties} }
  One:
    Type: AWS::Proton::EnvironmentAccountConnection
    Properties: { ManagementAccountId: 111111111111, EnvironmentName: payments, RoleArn: ${reference} }
`;
  const given = [...HERE, ...options({ 'Proton.Arn': ROLE })];

  it.each([
    '!GetAtt Proton.Arn',
    '!GetAtt [Proton, Arn]',
    '{ "Fn::GetAtt": [Proton, Arn] }',
    '!Sub "${Proton.Arn}"',
  ])('is the value of %s for a role without a name', async (reference) => {
    const { refusals } = await importContent(withRole(reference), HERE);
    expect(refusals[0]?.reasons).toEqual([
      expect.stringMatching(/give its ARN with --parameter Proton\.Arn=ARN$/),
    ]);
    expect(await importContent(withRole(reference), given)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([{ role_arn: ROLE }]);
  });

  it('is not needed if the role has a name', async () => {
    await importContent(withRole('!GetAtt Proton.Arn', '{ RoleName: proton }'), HERE);
    expect(stored().connections).toMatchObject([{ role_arn: 'arn:aws:iam::222222222222:role/proton' }]);
  });

  it('is not used for a role whose condition is false, or that a transform changes', async () => {
    const template = withRole('!GetAtt Proton.Arn', '{ RoleName: proton }');
    const never = template.replace('"AWS::IAM::Role"', '"AWS::IAM::Role", Condition: Never');
    const transformed = template.replace(
      'RoleName: proton',
      'RoleName: proton, "Fn::Transform": { Name: Rename }',
    );
    const reasons = [await importContent(never, HERE), await importContent(transformed, HERE)].map(
      ({ refusals }) => refusals[0]?.reasons,
    );
    expect(reasons).toEqual([
      [expect.stringMatching(/is a role whose Condition is false$/)],
      [expect.stringMatching(/is defined beside an Fn::Transform/)],
    ]);
  });
});

describe('AWS_REGION', () => {
  const template = TEMPLATE.replace('RoleArn: !Ref Role', 'Tags: [{ Key: region, Value: !Ref AWS::Region }]');
  const words = ['--account', '222222222222', ...options({ Management: '111111111111' })];
  const importIn = (variables: Readonly<Record<string, string>>, ...others: readonly string[]) =>
    importFiles([file('a.yaml', template), ...words, ...others], { env: { ...env(), ...variables } });

  it('is the default of --region', async () => {
    expect((await importIn({ AWS_REGION: 'eu-west-1' })).files).toMatchObject([{ new: 1 }]);
    expect((await importIn({ AWS_REGION: 'eu-west-1' }, '--region', 'us-east-1')).files).toMatchObject([
      { new: 1 },
    ]);
    expect((await importIn({ AWS_REGION: '' })).files[0]?.refusals[0]?.reasons[0]).toContain(
      'the option --region',
    );
    expect(
      stored()
        .connections.map(({ region }) => region)
        .toSorted(),
    ).toEqual(['eu-west-1', 'us-east-1']);
  });
});
