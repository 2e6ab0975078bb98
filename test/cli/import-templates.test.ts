import { command } from './command';
import { record, useImports } from './import-fixture';

const { importContent, stored, file, env } = useImports();

const HERE = ['--account', '222222222222', '--region', 'eu-central-1'] as const;

const TEMPLATE = `
AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Management:
    Type: String
    Default: '111111111111'
  Stage: { Type: String, Default: prod }
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub 'proton-\${Stage}'
      AssumeRolePolicyDocument: !Include whatever
  Payments:
    Type: AWS::Proton::EnvironmentAccountConnection
    Properties:
      ManagementAccountId: !Ref Management
      EnvironmentName: !Join ['-', [payments, !Ref Stage]]
      RoleArn: !Sub
        - 'arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/\${Name}'
        - Name: !Select [1, [x, provisioning]]
      ComponentRoleArn: !GetAtt Role.Arn
      Tags:
        - { Key: stage, Value: !Ref Stage }
        - { Key: region, Value: !Ref AWS::Region }
`;

const connection = (properties: string, rest = '') => `
Resources:
  One:
    Type: AWS::Proton::EnvironmentAccountConnection
    Properties:
      ManagementAccountId: 111111111111
      EnvironmentName: payments
${properties
  .split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}
${rest}
`;

const ROW = {
  region: 'eu-central-1',
  status: 'PENDING',
  environment_name: 'payments-prod',
  management_account_id: '111111111111',
  environment_account_id: '222222222222',
  role_arn: 'arn:aws:iam::222222222222:role/provisioning',
  component_role_arn: 'arn:aws:iam::222222222222:role/proton-prod',
  codebuild_role_arn: null,
  tags: '[{"key":"stage","value":"prod"},{"key":"region","value":"eu-central-1"}]',
};

describe('Importing a CloudFormation template', () => {
  it('creates a pending connection for each declaration, with the current time', async () => {
    const before = Date.now();
    expect(await importContent(TEMPLATE, HERE)).toMatchObject({ result: 'taken', read: 1, new: 1 });
    const { connections, events } = stored();
    expect(connections).toMatchObject([ROW]);
    const [{ id, requested_at: requestedAt, last_modified_at: lastModifiedAt } = {}] = connections;
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(Number(requestedAt)).toBeGreaterThanOrEqual(before);
    expect(lastModifiedAt).toBe(requestedAt);
    expect(events).toMatchObject([
      { connection_id: id, type: 'IMPORTED', status: 'PENDING', previous_status: null, actor: 'import' },
    ]);
  });

  it('reads the same template in JSON', async () => {
    const template = {
      Parameters: { Stage: { Type: 'String', Default: 'prod' } },
      Resources: {
        Payments: {
          Type: 'AWS::Proton::EnvironmentAccountConnection',
          Properties: {
            EnvironmentAccountId: { Ref: 'AWS::AccountId' },
            ManagementAccountId: 111111111111,
            EnvironmentName: { 'Fn::Sub': 'payments-${Stage}' },
            RoleArn: { 'Fn::Sub': 'arn:aws:iam::${AWS::AccountId}:role/provisioning' },
            ComponentRoleArn: {
              'Fn::Join': [
                '',
                ['arn:aws:iam::', { Ref: 'AWS::AccountId' }, ':role/proton-', { Ref: 'Stage' }],
              ],
            },
            Tags: [
              { Key: 'stage', Value: 'prod' },
              { Key: 'region', Value: { Ref: 'AWS::Region' } },
            ],
          },
        },
      },
    };
    expect(await importContent(template, HERE)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([ROW]);
  });

  it('changes nothing when it is imported again, even if status and tags differ', async () => {
    await importContent(TEMPLATE, HERE);
    const before = stored();
    expect(await importContent(TEMPLATE, HERE)).toMatchObject({
      result: 'taken',
      read: 1,
      new: 0,
      unchanged: 1,
    });
    expect(await importContent(TEMPLATE.replace(/Tags:[^]*/, ''), HERE)).toMatchObject({ unchanged: 1 });
    expect(stored()).toEqual(before);
  });

  it('accepts an imported connection with the declared roles as the declared one', async () => {
    await importContent(record({ region: 'eu-central-1', environmentName: 'payments' }));
    expect(await importContent(connection(''), HERE)).toMatchObject({ unchanged: 1 });
    const { refusals } = await importContent(
      connection('RoleArn: arn:aws:iam::222222222222:role/other'),
      HERE,
    );
    expect(refusals).toEqual([
      {
        record: 1,
        logicalId: 'One',
        line: 3,
        reasons: [
          'exists as a1b2c3d4-5678-4abc-9def-111111111111, CONNECTED, with other roles: ' +
            'roleArn is arn:aws:iam::222222222222:role/proton-provisioning here, arn:aws:iam::222222222222:role/other in the template',
        ],
      },
    ]);
  });

  it('does not replace a rejected connection', async () => {
    await importContent(record({ region: 'eu-central-1', environmentName: 'payments', status: 'REJECTED' }));
    const before = stored();
    const { refusals } = await importContent(connection(''), HERE);
    expect(refusals[0]?.reasons).toEqual([
      'was rejected by the management account 111111111111: delete the connection a1b2c3d4-5678-4abc-9def-111111111111, then import again',
    ]);
    expect(stored()).toEqual(before);
  });

  it('counts two equal declarations once, and refuses two that contradict each other', async () => {
    const twice = (roles: string) =>
      `${connection('')}  Two:\n    Type: AWS::Proton::EnvironmentAccountConnection\n    Properties: { ManagementAccountId: '111111111111', EnvironmentName: payments${roles} }\n`;
    const { refusals } = await importContent(twice(', RoleArn: "arn:aws:iam::222222222222:role/x"'), HERE);
    expect(refusals).toMatchObject([
      {
        logicalId: 'Two',
        reasons: [
          'declares the same connection as One, with other content: roleArn is absent in One, arn:aws:iam::222222222222:role/x here',
        ],
      },
    ]);
    expect(await importContent(twice(''), HERE)).toMatchObject({
      result: 'taken',
      read: 2,
      new: 1,
      unchanged: 1,
    });
  });

  it('keeps the zeros of an account id that is written without quotes', async () => {
    expect(await importContent(connection('EnvironmentAccountId: 000000000042'), HERE)).toMatchObject({
      new: 1,
    });
    expect(stored().connections).toMatchObject([{ environment_account_id: '000000000042' }]);
  });

  it('derives the partition from the Region', async () => {
    const role = "RoleArn: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x'";
    await importContent(connection(role), ['--account', '222222222222', '--region', 'us-gov-west-1']);
    expect(stored().connections).toMatchObject([{ role_arn: 'arn:aws-us-gov:iam::222222222222:role/x' }]);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'Fn::If',
      'RoleArn: !If [Prod, !Sub "arn:aws:iam::${AWS::AccountId}:role/prod", !Ref AWS::NoValue]',
      ['arn:aws:iam::222222222222:role/prod'],
    ],
    [
      'Fn::If with AWS::NoValue',
      'RoleArn: !If [Other, "arn:aws:iam::222222222222:role/x", !Ref "AWS::NoValue"]',
      [],
    ],
    [
      'Fn::FindInMap',
      'RoleArn: !FindInMap [Roles, !Ref Stage, arn]',
      ['arn:aws:iam::222222222222:role/mapped'],
    ],
    [
      'Fn::Split',
      'RoleArn: !Select [1, !Split ["|", "a|arn:aws:iam::222222222222:role/split"]]',
      ['arn:aws:iam::222222222222:role/split'],
    ],
    ['a literal in Fn::Sub', 'Tags: [{Key: a, Value: !Sub "+${!x}"}]', []],
  ])('resolves %s', async (_name, properties, roles) => {
    const rest = `
Parameters: { Stage: { Type: String, Default: prod } }
Mappings: { Roles: { prod: { arn: 'arn:aws:iam::222222222222:role/mapped' } } }
Conditions:
  Prod: !And [!Equals [!Ref Stage, prod], !Not [!Condition Other]]
  Other: !Or [!Equals [a, b], !Equals [!Ref Stage, test]]
`;
    const { refusals, result } = await importContent(connection(properties, rest), HERE);
    if (properties.startsWith('Tags')) {
      // The literal braces are kept, and a tag must not contain braces.
      expect(refusals[0]?.reasons[0]).toMatch(/^Tags\.0\.value must consist/);
      return;
    }
    expect(result).toBe('taken');
    expect(stored().connections).toMatchObject([{ role_arn: roles[0] ?? null }]);
  });

  it('skips a resource whose condition is false', async () => {
    const conditioned = connection('', 'Conditions: { Never: !Equals [a, b] }').replace(
      'Properties:',
      'Condition: Never\n    Properties:',
    );
    expect(await importContent(conditioned, HERE)).toMatchObject({ result: 'taken', read: 0, new: 0 });
    const open = conditioned.replace('!Equals [a, b]', '!Equals [!Ref Unknown, b]');
    expect((await importContent(open, HERE)).refusals[0]?.reasons).toEqual([
      'Condition can\'t be resolved: {"Ref":"Unknown"} is not a parameter of the template',
    ]);
  });

  const PARAMETER =
    'Parameters: { Open: { Type: String }, Kept: { Type: "AWS::SSM::Parameter::Value<String>", Default: /x } }';
  it('reads an empty string as a string, and YAML’s null as no value', async () => {
    const template = connection(
      [
        "RoleArn: !Join ['', ['arn:aws:iam::222222222222:role/', x]]",
        'ComponentRoleArn: !If [Given, !Ref Given, !Ref AWS::NoValue]',
        'CodebuildRoleArn: !Sub ""',
        'Tags: [{Key: a, Value: ""}, {Key: b, Value: }]',
      ].join('\n'),
      'Parameters: { Given: { Type: String, Default: \'\' } }\nConditions: { Given: !Not [!Equals [!Ref Given, ""]] }',
    );
    expect(await importContent(template, HERE)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([
      {
        role_arn: 'arn:aws:iam::222222222222:role/x',
        component_role_arn: null,
        codebuild_role_arn: null,
        tags: '[{"key":"a","value":""},{"key":"b","value":""}]',
      },
    ]);
  });

  it.each(['null', 'Null', 'NULL', '~', ''])('reads %p as no value', async (none) => {
    const { refusals } = await importContent(
      connection('').replace('EnvironmentName: payments', `EnvironmentName: ${none}`),
      HERE,
    );
    expect(refusals[0]?.reasons).toEqual(['EnvironmentName must be given']);
    const quoted = await importContent(
      connection('').replace('EnvironmentName: payments', `EnvironmentName: '${none}'`),
      HERE,
    );
    expect(quoted.result).toBe(/^[nN]/.test(none) ? 'taken' : 'refused');
  });

  it('merges maps, as the aws CLI does before CloudFormation sees them', async () => {
    const template = `
x: &first { RoleArn: 'arn:aws:iam::222222222222:role/first', EnvironmentName: first }
y: &second { RoleArn: 'arn:aws:iam::222222222222:role/second', ComponentRoleArn: 'arn:aws:iam::222222222222:role/second' }
Resources:
  One:
    Type: AWS::Proton::EnvironmentAccountConnection
    Properties:
      EnvironmentName: payments
      <<: [*first, *second]
      ManagementAccountId: 111111111111
`;
    expect(await importContent(template, HERE)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([
      {
        environment_name: 'payments',
        role_arn: 'arn:aws:iam::222222222222:role/first',
        component_role_arn: 'arn:aws:iam::222222222222:role/second',
      },
    ]);
  });

  it('resolves properties that are one expression', async () => {
    const template = `
Conditions: { Yes: !Equals [a, a], Either: !Or [!Condition Yes, !Equals [!Ref Unknown, b]] }
Resources:
  One:
    Type: AWS::Proton::EnvironmentAccountConnection
    Properties: !If [Either, {EnvironmentName: one, ManagementAccountId: 111111111111}, {}]
`;
    expect(await importContent(template, HERE)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([{ environment_name: 'one' }]);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'a misspelt property',
      connection('Rolearn: x'),
      ['has Rolearn, which is not a property of AWS::Proton::EnvironmentAccountConnection'],
    ],
    [
      'a transform among the properties',
      connection('Fn::Transform: { Name: AWS::Include }'),
      ["can't be expanded: Fn::Transform is known only to CloudFormation"],
    ],
    [
      'properties that only CloudFormation can resolve',
      connection('').replace(/Properties:[^]*/, 'Properties: !Transform { Name: AWS::Include }'),
      [
        'Properties can\'t be resolved: {"Fn::Transform":{"Name":"AWS::Include"}} is known only to CloudFormation',
      ],
    ],
    [
      'properties that are not an object',
      connection('').replace(/Properties:[^]*/, 'Properties: [a]'),
      ['Properties can\'t be resolved: ["a"] must resolve to an object'],
    ],
    [
      'a misspelt attribute',
      connection('').replace('Properties:', 'DependOn: x\n    Properties:'),
      ['has DependOn, which is not an attribute of a resource'],
    ],
    [
      'a loop',
      'Resources: { "Fn::ForEach::Each": [X, [a], { "C${X}": { Type: AWS::Proton::EnvironmentAccountConnection } }] }',
      ["can't be expanded: Fn::ForEach::Each is known only to CloudFormation"],
    ],
  ])('ignores nothing silently: %s', async (_what, template, reasons) => {
    const { result, refusals } = await importContent(template, HERE);
    expect(result).toBe('refused');
    expect(refusals.map(({ reasons: why }) => why)).toEqual([reasons]);
  });

  it.each([
    ['YAML', `${connection('')}  One: {}\n`, 'has the key One twice in line 10'],
    ['a property in YAML', connection('RoleArn: a\nRoleArn: b'), 'has the key RoleArn twice in line 9'],
    ['JSON', '{"Resources": {"A": {},\n"A": {}}}', 'has the key A twice in line 2, column 4'],
  ])('refuses a duplicate key in %s', async (_where, template, problem) => {
    const { result, problems } = await importContent(template, HERE);
    expect(result).toBe('refused');
    expect(problems).toEqual([problem]);
  });

  it('completes a connection with the CodeBuild role that a list does not carry, and no other', async () => {
    await importContent(record({ region: 'eu-central-1', environmentName: 'payments' }));
    const codebuild = 'CodebuildRoleArn: arn:aws:iam::222222222222:role/build';
    const other = await importContent(
      connection(`${codebuild}\nRoleArn: arn:aws:iam::222222222222:role/other`),
      HERE,
    );
    expect(other.refusals[0]?.reasons).toEqual([
      expect.stringMatching(/with other roles: roleArn is .*\/other in the template$/),
    ]);
    expect(await importContent(connection(codebuild), HERE)).toMatchObject({
      result: 'taken',
      new: 0,
      completed: 1,
      unchanged: 0,
    });
    const { connections, events } = stored();
    const id = 'a1b2c3d4-5678-4abc-9def-111111111111';
    expect(connections).toMatchObject([
      { id, status: 'CONNECTED', codebuild_role_arn: 'arn:aws:iam::222222222222:role/build' },
    ]);
    expect(events.at(-1)).toMatchObject({
      connection_id: id,
      type: 'IMPORTED',
      status: 'CONNECTED',
      previous_status: 'CONNECTED',
    });
    expect(await importContent(connection(codebuild), HERE)).toMatchObject({ unchanged: 1, completed: 0 });
    const changed = await importContent(connection(codebuild.replace('/build', '/x')), HERE);
    expect(changed.refusals[0]?.reasons[0]).toContain('with other roles: codebuildRoleArn is');
  });

  it('names the newest of several rejections', async () => {
    const rejected = { region: 'eu-central-1', environmentName: 'payments', status: 'REJECTED' };
    const newer = 'a1b2c3d4-5678-4abc-9def-000000000002';
    await importContent([
      record({ ...rejected, id: 'a1b2c3d4-5678-4abc-9def-000000000003' }),
      record({ ...rejected, id: newer, requestedAt: 1.8e9 }),
      record({ ...rejected, id: 'a1b2c3d4-5678-4abc-9def-000000000001', requestedAt: 1.8e9 }),
    ]);
    const { refusals } = await importContent(connection(''), HERE);
    expect(refusals[0]?.reasons[0]).toContain(`delete the connection ${newer}`);
  });

  it('builds the ARN of a role from its name and path, however often it is used', async () => {
    const role = `
  Role:
    Type: AWS::IAM::Role
    Properties: { RoleName: proton, Path: !Sub '/\${P}/' }
Parameters: { P: { Type: String, Default: team } }`;
    const template = connection('RoleArn: !GetAtt Role.Arn\nComponentRoleArn: !Sub "${Role.Arn}"', role);
    expect(await importContent(template, HERE)).toMatchObject({ result: 'taken' });
    const arn = 'arn:aws:iam::222222222222:role/team/proton';
    expect(stored().connections).toMatchObject([{ role_arn: arn, component_role_arn: arn }]);
    const nameless = await importContent(template.replace('RoleName: proton, ', ''), HERE);
    expect(nameless.refusals[0]?.reasons).toEqual([
      expect.stringMatching(/^RoleArn .* is a role without a RoleName/),
      expect.stringMatching(/^ComponentRoleArn .* is a role without a RoleName/),
    ]);
    const circular = template.replace('RoleName: proton', "RoleName: !Sub '${Role.Arn}'");
    expect((await importContent(circular, HERE)).refusals[0]?.reasons[0]).toMatch(
      /^RoleArn .* refers to itself$/,
    );
  });

  it('splits list parameters, and trims their items', async () => {
    const lists = (type: string) =>
      connection(
        "EnvironmentAccountId: !Select [1, !Ref Accounts]\nTags: [{Key: suffix, Value: !Ref 'AWS::URLSuffix'}]",
        `Parameters: { Accounts: { Type: ${type}, Default: '333333333333 , 222222222222 ,x' } }`,
      );
    expect(await importContent(lists('CommaDelimitedList'), ['--region', 'cn-north-1'])).toMatchObject({
      new: 1,
    });
    expect(await importContent(lists('List<String>'), ['--region', 'eu-central-1'])).toMatchObject({
      new: 1,
    });
    const bySuffix = stored().connections.map(({ tags, environment_account_id: id }) => [id, tags]);
    expect(bySuffix.toSorted()).toEqual(
      [
        ['222222222222', '[{"key":"suffix","value":"amazonaws.com.cn"}]'],
        ['222222222222', '[{"key":"suffix","value":"amazonaws.com"}]'],
      ].toSorted(),
    );
  });

  it.each<[string, unknown]>([
    ['YAML', { TemplateBody: connection(''), StagesAvailable: ['Original'] }],
    [
      'JSON',
      {
        TemplateBody: {
          Resources: {
            One: {
              Type: 'AWS::Proton::EnvironmentAccountConnection',
              Properties: { ManagementAccountId: '111111111111', EnvironmentName: 'payments' },
            },
          },
        },
      },
    ],
    [
      'JSON in a string',
      {
        TemplateBody:
          '{"Resources":{"One":{"Type":"AWS::Proton::EnvironmentAccountConnection","Properties":{"ManagementAccountId":"111111111111","EnvironmentName":"payments"}}}}',
      },
    ],
  ])('imports the output of get-template for a template in %s', async (_format, body) => {
    expect(await importContent(body, HERE)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([{ environment_name: 'payments' }]);
    expect((await importContent({ TemplateBody: 'Resources: [' })).problems).toEqual([
      expect.stringMatching(/^has a TemplateBody that is not YAML/),
    ]);
  });

  it('skips empty documents', async () => {
    expect(await importContent(`---${connection('')}---\n# nothing\n---\n`, HERE)).toMatchObject({
      result: 'taken',
      new: 1,
    });
    expect((await importContent('# nothing\n---\n')).problems).toEqual(['is empty']);
  });

  it.each<[string, readonly (string | RegExp)[]]>([
    [
      'RoleArn: !Ref Open',
      [
        'RoleArn can\'t be resolved: {"Ref":"Open"} is a parameter without a default value: give it with --parameter Open=VALUE',
      ],
    ],
    [
      'RoleArn: !Ref Kept',
      [/^RoleArn .* is stored in the Parameter Store: give it with --parameter Kept=VALUE$/],
    ],
    ['RoleArn: !Ref One', [/^RoleArn .* is known only after CloudFormation has created that resource$/]],
    [
      'RoleArn: !GetAtt Stack.Outputs.Arn',
      [/\{"Fn::GetAtt":"Stack\.Outputs\.Arn"\} is known only after CloudFormation/],
    ],
    [
      'RoleArn: !ImportValue role\nComponentRoleArn: !Sub "${Nope}"',
      [
        /^RoleArn .*\{"Fn::ImportValue":"role"\} is known only to CloudFormation/,
        /^ComponentRoleArn .* is not a parameter/,
      ],
    ],
    ['RoleArn: !Unheard [of, {x: !Ref y}]', [/\{"Fn::Unheard":/]],
    ['RoleArn: [a]', ['RoleArn must be a string']],
    [
      'RoleArn: arn:aws-cn:iam::333333333333:role/x',
      [/environment account, 222222222222$/, /^RoleArn must be a role of the partition aws,/],
    ],
    ['Tags: [{Key: "aws:x"}]', [/^Tags\.0 must have a Key and a Value/]],
    ['EnvironmentAccountId: !Select [3, [a]]', [/^EnvironmentAccountId .* has an index outside its list$/]],
    ['EnvironmentAccountId: 12', ['EnvironmentAccountId must be 12 digits']],
  ])('names what can’t be resolved or imported: %s', async (properties, reasons) => {
    const { result, refusals } = await importContent(connection(properties, PARAMETER), HERE);
    expect(result).toBe('refused');
    expect(refusals).toMatchObject([{ logicalId: 'One', line: 3 }]);
    expect(refusals[0]?.reasons).toHaveLength(reasons.length);
    reasons.forEach((reason, index) => {
      expect(refusals[0]?.reasons[index]).toEqual(
        typeof reason === 'string' ? reason : expect.stringMatching(reason),
      );
    });
  });

  it('says which option is needed', async () => {
    const { refusals } = await importContent(
      connection('RoleArn: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x"'),
    );
    expect(refusals[0]?.reasons).toEqual([
      'EnvironmentAccountId is not given, so the option --account must name the account',
      'needs the option --region, because a connection belongs to a Region',
      expect.stringMatching(/^RoleArn can't be resolved: .* needs the option --region$/),
    ]);
  });

  it('reports circular conditions', async () => {
    const circle = connection('', 'Conditions: { A: !Not [!Condition B], B: !Not [!Condition A] }').replace(
      'Properties:',
      'Condition: A\n    Properties:',
    );
    expect((await importContent(circle, HERE)).refusals[0]?.reasons[0]).toMatch(
      /^Condition .* refers to itself$/,
    );
  });

  it('evaluates each condition once, however often others refer to it', async () => {
    const chain = Array.from({ length: 40 }, (_, index) => {
      const next = `!Condition C${String(index + 1)}`;
      return `C${String(index)}: !And [${next}, ${next}]`;
    });
    const conditions = `Conditions: { ${chain.join(', ')}, C40: !Equals [a, a] }`;
    const conditioned = connection('', conditions).replace('Properties:', 'Condition: C0\n    Properties:');
    expect(await importContent(conditioned, HERE)).toMatchObject({ result: 'taken', new: 1 });
  });

  it.each<[string, string, RegExp]>([
    [
      'no connection',
      'Resources: { A: { Type: AWS::S3::Bucket } }',
      /declares no AWS::Proton::EnvironmentAccountConnection$/,
    ],
    ['no resources', 'AWSTemplateFormatVersion: 2010-09-09', /without Resources$/],
    [
      'anchors that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map(
          (name, index) =>
            `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefg'.charAt(index)}`).join(',')}]`,
        )
        .join('\n')}`,
      /more than 100000 values/,
    ],
    ['an anchor that does not exist', 'Resources: *nowhere', /anchor|alias/i],
  ])('refuses a template with %s', async (_kind, template, problem) => {
    const { result, problems } = await importContent(template, HERE);
    expect(result).toBe('refused');
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  it('does not let a file control the terminal', async () => {
    const path = file('evil.yaml', connection('RoleArn: x').replace('One:', '"\\e[2J\\a":'));
    const { stderr } = await command(['import', path, ...HERE], { env: env(), terminal: true });
    expect(stderr).toContain('\uFFFD[2J\uFFFD in line 3: RoleArn must be');
  });

  it('does not import templates and connections from one file', async () => {
    const template = {
      Resources: {
        One: {
          Type: 'AWS::Proton::EnvironmentAccountConnection',
          Properties: { ManagementAccountId: '111111111111', EnvironmentName: 'x' },
        },
      },
    };
    const { result, problems } = await importContent([template, record()], HERE);
    expect(result).toBe('refused');
    expect(problems).toEqual([expect.stringContaining('import them as separate files')]);
    expect(stored().connections).toEqual([]);
  });
});
