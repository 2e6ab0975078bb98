import { parse as parseHcl } from '@cdktf/hcl2json';
import { parse as parseYaml } from 'yaml';

import { trustPolicies } from '../../src/proton/trust-policy/trust-policies';
import { parseTrustPolicyInput } from '../../src/proton/trust-policy/request';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, region } from '../support/proton';
import { useTemporaryFolder } from '../support/folder';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { command } from './command';

const folder = useTemporaryFolder();
const ENVIRONMENT_OPTIONS = [
  '--management-account',
  MANAGEMENT,
  '--environment-account',
  ENVIRONMENT,
  '--environment',
  'payments-prod',
];
const PROVISIONER = ['--provisioner-role', 'ci/proton-provisioner'];
const INPUT = {
  managementAccountId: MANAGEMENT,
  environmentAccountId: ENVIRONMENT,
  environmentName: 'payments-prod',
  provisionerRole: 'ci/proton-provisioner',
};
const POLICIES = trustPolicies(
  parseTrustPolicyInput(INPUT, { region: region('us-east-1'), provisionerRole: null }),
);

const trustPolicy = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  command(['trust-policy', ...words], {
    env: { DATABASE_URL: `sqlite:${folder.path('proton.db')}`, ...env },
  });

/** The id of a connection in the store of the commands. */
async function createConnection(): Promise<string> {
  const { service, store } = createControlPlane({ location: folder.path('proton.db') });
  const { id } = await service.session(unrestrictedViewer('someone')).createConnection({
    managementAccountId: MANAGEMENT,
    environmentAccountId: ENVIRONMENT,
    environmentName: 'payments-prod',
    roleArn: `arn:aws:iam::${ENVIRONMENT}:role/team/provisioning`,
    codebuildRoleArn: `arn:aws:iam::${ENVIRONMENT}:role/codebuild`,
  });
  await service.drained();
  await store.close();
  return id;
}

describe('trust-policy', () => {
  it('prints exactly the document and a newline when one role is named', async () => {
    for (const { role, document } of POLICIES) {
      const result = await trustPolicy([
        ...ENVIRONMENT_OPTIONS,
        ...PROVISIONER,
        '--role',
        role.toLowerCase(),
      ]);
      expect(result).toEqual({ code: 0, stdout: `${document}\n`, stderr: '' });
    }
  });

  it('prints an object of all documents when no role is named', async () => {
    const { stdout } = await trustPolicy([...ENVIRONMENT_OPTIONS, ...PROVISIONER]);
    expect(JSON.parse(stdout)).toEqual(
      Object.fromEntries(POLICIES.map(({ role, document }) => [role.toLowerCase(), JSON.parse(document)])),
    );
  });

  it('prints the policy that the provisioner needs in return', async () => {
    const { stdout } = await trustPolicy([
      ...ENVIRONMENT_OPTIONS,
      ...PROVISIONER,
      '--role',
      'component',
      '--provisioner-policy',
    ]);
    expect(stdout).toBe(`${POLICIES[1]?.provisionerPolicy ?? ''}\n`);
  });

  it('prints the policies of the roles that a connection has', async () => {
    const id = await createConnection();
    const { code, stdout } = await trustPolicy([id, ...PROVISIONER]);
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['provisioning', 'codebuild']);
    const one = await trustPolicy([id, ...PROVISIONER, '--role', 'provisioning', '--provisioner-policy']);
    expect(one.stdout).toContain(`"Resource": "arn:aws:iam::${ENVIRONMENT}:role/team/provisioning"`);
    const none = await trustPolicy([id, ...PROVISIONER, '--role', 'component']);
    expect(none).toEqual({
      code: 1,
      stdout: '',
      stderr: `The connection ${id} has no component role to print a policy of.\n`,
    });
  });

  it('prints a CloudFormation template with the roles of a connection', async () => {
    const id = await createConnection();
    const { stdout } = await trustPolicy([id, ...PROVISIONER, '--format', 'cloudformation']);
    expect(parseYaml(stdout)).toEqual({
      AWSTemplateFormatVersion: '2010-09-09',
      Description: `Environment payments-prod in us-east-1, provisioned by ${MANAGEMENT} in ${ENVIRONMENT}.`,
      Resources: {
        ProvisioningRole: {
          Type: 'AWS::IAM::Role',
          Properties: {
            RoleName: 'provisioning',
            Path: '/team/',
            AssumeRolePolicyDocument: JSON.parse(POLICIES[0]?.document ?? '') as unknown,
          },
        },
        CodebuildRole: {
          Type: 'AWS::IAM::Role',
          Properties: {
            RoleName: 'codebuild',
            Path: '/',
            AssumeRolePolicyDocument: JSON.parse(POLICIES[2]?.document ?? '') as unknown,
          },
        },
      },
    });
  });

  it('prints a CloudFormation template of the policies that the provisioner needs', async () => {
    const { stdout } = await trustPolicy([
      ...ENVIRONMENT_OPTIONS,
      ...PROVISIONER,
      '--provisioner-policy',
      '--format',
      'cloudformation',
    ]);
    const policy = (document: string | null | undefined) => ({
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: { Roles: ['proton-provisioner'], PolicyDocument: JSON.parse(document ?? '') as unknown },
    });
    expect(parseYaml(stdout)).toMatchObject({
      Resources: {
        ProvisioningProvisionerPolicy: policy(POLICIES[0]?.provisionerPolicy),
        ComponentProvisionerPolicy: policy(POLICIES[1]?.provisionerPolicy),
      },
    });
  });

  it('prints a Terraform file with the same bytes in it', async () => {
    const id = await createConnection();
    const { stdout } = await trustPolicy([id, ...PROVISIONER, '--format', 'terraform']);
    expect(await parseHcl('roles.tf', stdout)).toEqual({
      resource: {
        aws_iam_role: {
          provisioning: [
            { name: 'provisioning', path: '/team/', assume_role_policy: `${POLICIES[0]?.document ?? ''}\n` },
          ],
          codebuild: [
            { name: 'codebuild', path: '/', assume_role_policy: `${POLICIES[2]?.document ?? ''}\n` },
          ],
        },
      },
    });
    const provisioner = await trustPolicy([
      ...ENVIRONMENT_OPTIONS,
      ...PROVISIONER,
      '--role',
      'provisioning',
      '--provisioner-policy',
      '--format',
      'terraform',
    ]);
    expect(await parseHcl('policy.tf', provisioner.stdout)).toEqual({
      resource: {
        aws_iam_role_policy: {
          assume_provisioning_role: [
            { role: 'proton-provisioner', policy: `${POLICIES[0]?.provisionerPolicy ?? ''}\n` },
          ],
        },
      },
    });
  });

  it('takes the provisioner role from PROVISIONER_ROLE, and the Region from AWS_REGION', async () => {
    const { stdout, stderr } = await trustPolicy([...ENVIRONMENT_OPTIONS, '--role', 'provisioning'], {
      PROVISIONER_ROLE: 'deployer',
      AWS_REGION: 'cn-north-1',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(`arn:aws-cn:iam::${MANAGEMENT}:role/deployer`);
    expect(stdout).toContain(`arn:aws-cn:proton:cn-north-1:${MANAGEMENT}:environment/payments-prod`);
  });

  it('says what the policies allow without a provisioner role', async () => {
    const { code, stdout, stderr } = await trustPolicy([...ENVIRONMENT_OPTIONS, '--role', 'provisioning']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('aws:PrincipalArn');
    expect(stderr).toMatch(/^Warning: .* admit every role and user of the account 111111111111 .*\n$/);
    const codebuild = await trustPolicy([...ENVIRONMENT_OPTIONS, '--role', 'codebuild']);
    expect(codebuild.stderr).toBe('');
  });

  it.each(['00000000-0000-4000-8000-000000000000', 'payments-prod'])(
    'fails with exit code 1 for the unknown id %s',
    async (id) => {
      await createConnection();
      expect(await trustPolicy([id])).toEqual({
        code: 1,
        stdout: '',
        stderr: `There is no connection with the id "${id}".\n`,
      });
    },
  );

  it.each([
    [
      'neither an id nor an environment',
      [],
      /--management-account, --environment-account, --environment missing/,
    ],
    [
      'a part of an environment',
      ['--environment', 'a'],
      /--management-account, --environment-account missing/,
    ],
    ['an id and an environment', ['x', '--region', 'us-east-1'], /leave out --region/],
    ['an account that is none', ['--management-account', '12'], /12 digits/],
    [
      'a wrong name, Region and role at once',
      [
        ...ENVIRONMENT_OPTIONS.slice(0, 4),
        '--environment',
        'a*',
        '--region',
        'mars',
        '--provisioner-role',
        '*',
        '--codebuild-project',
        '?',
      ],
      /^--environment .*\n--region .*\n--provisioner-role .*\n--codebuild-project .*\n$/,
    ],
    ['an unknown role', [...ENVIRONMENT_OPTIONS, '--role', 'all'], /provisioning, component or codebuild/],
    ['an unknown format', [...ENVIRONMENT_OPTIONS, '--format', 'xml'], /json, cloudformation, terraform/],
    [
      'a policy that CodeBuild does not need',
      [...ENVIRONMENT_OPTIONS, '--role', 'codebuild', '--provisioner-policy'],
      /not for --role codebuild/,
    ],
  ])('refuses %s with exit code 2', async (_what, words, message) => {
    const { code, stdout, stderr } = await trustPolicy(words);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});
