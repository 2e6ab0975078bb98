import { useImports } from './import-fixture';

const { importContent, stored } = useImports();

const HERE = ['--account', '222222222222', '--region', 'eu-central-1'] as const;
const TYPE = 'AWS::Proton::EnvironmentAccountConnection';

const connection = (name: string, members: object = {}, properties: object = {}) => ({
  Type: TYPE,
  Properties: { ManagementAccountId: '111111111111', EnvironmentName: name, ...properties },
  ...members,
});
const NEVER = { Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } } };
const importOf = (resources: object, sections: object = {}) =>
  importContent({ ...sections, Resources: resources }, HERE);

describe('A template with an unevaluated part that decides whether a connection exists', () => {
  it.each<[string, object, string]>([
    ['Condition: !Condition Never', { Condition: 'Never' }, '{"Condition":"Never"}'],
    ['Condition: !Equals [a, b]', { 'Fn::Equals': ['a', 'b'] }, '{"Fn::Equals":["a","b"]}'],
    ['Condition: [Never]', ['Never'], '["Never"]'],
  ])('is refused for %s', async (_spelling, condition, named) => {
    const { result, refusals } = await importOf({ One: connection('one', { Condition: condition }) }, NEVER);
    expect(result).toBe('refused');
    expect(refusals).toMatchObject([
      {
        logicalId: 'One',
        reasons: [`Condition can't be resolved: ${named} must be the name of a condition`],
      },
    ]);
  });

  it.each<[string, unknown, string | RegExp]>([
    [
      'a resource from Fn::If',
      { 'Fn::If': ['Never', connection('one'), connection('two')] },
      /^can't be resolved: \{"Fn::If".*must be a plain string$/,
    ],
    [
      'a resource from Fn::Transform',
      { 'Fn::Transform': { Name: 'AWS::Include' } },
      /^can't be resolved: \{"Fn::Transform"/,
    ],
    [
      'a Type from Fn::If',
      { Type: { 'Fn::If': ['Never', TYPE, TYPE] } },
      /^Type can't be resolved: \{"Fn::If"/,
    ],
    ['a Type from Fn::Sub', { Type: { 'Fn::Sub': TYPE } }, /^Type can't be resolved: \{"Fn::Sub"/],
    [
      'a Type from Fn::Transform',
      { Type: { 'Fn::Transform': { Name: 'Macro' } } },
      /^Type can't be resolved: \{"Fn::Transform"/,
    ],
    ['a resource without a Type', { Properties: {} }, 'has no Type'],
    ['a resource that is a string', 'One', 'must be an object'],
    [
      'a transform in a connection',
      connection('one', { 'Fn::Transform': { Name: 'Macro' } }),
      "can't be expanded: Fn::Transform is known only to CloudFormation",
    ],
    [
      'a value that is read when the stack is created',
      connection('one', {}, { RoleArn: '{{resolve:ssm:/role}}' }),
      'RoleArn can\'t be resolved: "{{resolve:ssm:/role}}" is known only to CloudFormation',
    ],
  ])('is refused for %s', async (_what, resource, reason) => {
    const { refusals } = await importOf({ One: resource, Two: connection('two') }, NEVER);
    expect(refusals).toMatchObject([{ logicalId: 'One' }]);
    expect(refusals[0]?.reasons).toEqual([
      typeof reason === 'string' ? reason : expect.stringMatching(reason),
    ]);
    expect(stored().connections).toEqual([]);
  });

  it.each<[string, string, unknown]>([
    ['a macro among the resources', 'Fn::Transform', { Name: 'Macro' }],
    ['Fn::If among the resources', 'Fn::If', ['Never', {}, {}]],
    [
      'a loop over a Type',
      'Fn::ForEach::Each',
      ['X', ['Proton'], { '${X}': { Type: 'AWS::${X}::EnvironmentAccountConnection' } }],
    ],
  ])('is refused for %s', async (_what, name, value) => {
    const { refusals } = await importOf({ [name]: value, Two: connection('two') }, NEVER);
    expect(refusals).toMatchObject([
      { logicalId: name, reasons: [`can't be expanded: ${name} is known only to CloudFormation`] },
    ]);
  });

  it.each<[string, object, string | RegExp]>([
    [
      'a macro over the whole template',
      { Transform: ['AWS::LanguageExtensions', 'Macro'] },
      /^has the Transform Macro, .*--template-stage Processed/,
    ],
    [
      'a macro with parameters',
      { Transform: { Name: 'Macro', Parameters: {} } },
      /^has the Transform Macro,/,
    ],
    [
      'Rules',
      { Rules: { Prod: { Assertions: [] } } },
      /^has Rules \(Prod\), which decide whether a stack can be created/,
    ],
    [
      'a function beside its sections',
      { 'Fn::ForEach::Sections': [] },
      'has Fn::ForEach::Sections beside its sections, which is known only to CloudFormation',
    ],
  ])('is refused as a whole for %s', async (_what, sections, problem) => {
    const { result, problems } = await importOf({ One: connection('one') }, sections);
    expect(result).toBe('refused');
    expect(problems).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)]);
  });

  it.each<[string, object]>([
    [
      'a transform beside a condition',
      { Conditions: { ...NEVER.Conditions, 'Fn::Transform': { Name: 'Macro' } } },
    ],
    ['a condition of two functions', { Conditions: { Never: { 'Fn::Equals': ['a', 'b'], 'Fn::Not': [] } } }],
    ['a condition of no conditions', { Conditions: { Never: { 'Fn::And': [] } } }],
    ['a condition that a loop may create', { Conditions: { 'Fn::ForEach::Each': [] } }],
  ])('is refused for %s', async (_what, sections) => {
    const { refusals } = await importOf({ One: connection('one', { Condition: 'Never' }) }, sections);
    expect(refusals[0]?.reasons).toEqual([expect.stringMatching(/^Condition can't be resolved: /)]);
  });

  it('is imported if a condition is a name, and if a transform or a loop does not change connections', async () => {
    const loop = ['X', ['a'], { 'T${X}': { Type: 'AWS::SNS::Topic' } }];
    const resources = {
      One: connection('one', { Condition: 'Never' }),
      Two: connection('two'),
      'Fn::ForEach::Topics': loop,
    };
    const sections = {
      ...NEVER,
      Transform: ['AWS::LanguageExtensions', 'AWS::Serverless-2016-10-31'],
      Rules: {},
    };
    expect(await importOf(resources, sections)).toMatchObject({
      result: 'taken',
      read: 1,
      new: 1,
      notes: [],
    });
    expect(stored().connections).toMatchObject([{ environment_name: 'two' }]);
  });
});

describe('A template that contains other templates', () => {
  const INCLUDE = { Name: 'AWS::Include', Parameters: { Location: 's3://bucket/part.yaml' } };
  const body = JSON.stringify({ Resources: { Inner: connection('inner') } });

  it.each<[string, object, object, string]>([
    [
      'a stack set',
      { Set: { Type: 'AWS::CloudFormation::StackSet', Properties: { TemplateBody: body } } },
      {},
      'Set, AWS::CloudFormation::StackSet',
    ],
    [
      'a nested stack',
      { Nested: { Type: 'AWS::CloudFormation::Stack' } },
      {},
      'Nested, AWS::CloudFormation::Stack',
    ],
    [
      'a nested stack in a loop',
      { 'Fn::ForEach::All': ['X', ['a'], { 'S${X}': { Type: 'AWS::CloudFormation::Stack' } }] },
      {},
      'S${X}, AWS::CloudFormation::Stack',
    ],
    ['a module', { Mine: { Type: 'My::Own::Part::MODULE' } }, {}, 'Mine, My::Own::Part::MODULE'],
    [
      'an AWS::Include among the resources',
      { 'Fn::Transform': INCLUDE },
      {},
      'an AWS::Include among its Resources',
    ],
    [
      'an AWS::Include beside its sections',
      {},
      { Transform: INCLUDE },
      'an AWS::Include beside its sections',
    ],
  ])('is imported without %s, with a note', async (_what, resources, sections, named) => {
    const note = `has ${named}: that template was not read, and its connections are not imported. Import it as a separate file`;
    const report = await importOf({ ...resources, One: connection('one') }, sections);
    expect(report).toMatchObject({ result: 'taken', read: 1, new: 1, notes: [note] });
    expect(stored().connections).toMatchObject([{ environment_name: 'one' }]);
    expect(await importOf({ ...resources }, sections)).toMatchObject({
      result: 'refused',
      notes: [note],
      problems: [`is a CloudFormation template that declares no ${TYPE}`],
    });
  });

  it('names the line of a nested stack', async () => {
    const { notes } = await importContent(`Resources:\n  Nested: { Type: "AWS::CloudFormation::Stack" }\n`);
    expect(notes).toEqual([expect.stringMatching(/^has Nested in line 2, AWS::CloudFormation::Stack:/)]);
  });
});

describe('Fn::FindInMap with a DefaultValue', () => {
  const find = (keys: readonly unknown[], mappings: object, fallback: unknown = 'fallback') =>
    importOf(
      {
        One: connection(
          'x',
          {},
          { EnvironmentName: { 'Fn::FindInMap': [...keys, { DefaultValue: fallback }] } },
        ),
      },
      { Mappings: mappings },
    );
  const NAMES = { Names: { prod: { name: 'mapped' } } };

  it.each([
    [['Names', 'prod', 'name'], 'mapped'],
    [['Names', 'test', 'name'], 'fallback'],
    [['Names', 'prod', 'other'], 'fallback'],
    [['None', 'prod', 'name'], 'fallback'],
  ])('of %j is %s', async (keys, name) => {
    expect(await find(keys, NAMES)).toMatchObject({ new: 1 });
    expect(stored().connections).toMatchObject([{ environment_name: name }]);
  });

  it('resolves its default only when it is needed', async () => {
    const unknown = { Ref: 'Unknown' };
    expect(await find(['Names', 'prod', 'name'], NAMES, unknown)).toMatchObject({ new: 1 });
    expect((await find(['Names', 'x', 'name'], NAMES, unknown)).refusals[0]?.reasons[0]).toContain(
      'is not a parameter',
    );
    expect(await find(['Names', 'x', 'name'], NAMES, { 'Fn::Sub': 'at-${AWS::Region}' })).toMatchObject({
      new: 1,
    });
  });

  it('is refused if a transform may define the mapping', async () => {
    const included = { Names: { 'Fn::Transform': { Name: 'AWS::Include' } } };
    const { refusals } = await find(['Names', 'prod', 'name'], included);
    expect(refusals[0]?.reasons).toEqual([
      expect.stringMatching(/^EnvironmentName can't be resolved: .* beside an Fn::Transform/),
    ]);
  });
});
