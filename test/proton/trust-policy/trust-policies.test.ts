import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ProtonFailure } from '../../../src/proton/failure';
import { parseTrustPolicyInput, type TrustPolicyInput } from '../../../src/proton/trust-policy/request';
import { trustPolicies, type ConnectionRole } from '../../../src/proton/trust-policy/trust-policies';
import { region } from '../../support/proton';
import { allows } from './policy-evaluator';

const INPUT = {
  managementAccountId: '111111111111',
  environmentAccountId: '222222222222',
  environmentName: 'payments-prod',
} as const;
const PROVISIONER = 'ci/proton-provisioner';
const DEFAULTS = { region: region('us-east-1'), provisionerRole: null };

function policyOf(role: ConnectionRole, input: Partial<TrustPolicyInput> = {}) {
  const request = parseTrustPolicyInput({ ...INPUT, provisionerRole: PROVISIONER, ...input }, DEFAULTS);
  const policy = trustPolicies(request).find((each) => each.role === role);
  if (!policy) throw new Error(`there is no policy for ${role}`);
  return policy;
}

const golden = (name: string) => readFileSync(join(__dirname, 'golden', name), 'utf8');

describe('A trust policy', () => {
  it.each([
    ['us-east-1', 'provisioning-aws.json', 'PROVISIONING'],
    ['cn-north-1', 'component-aws-cn.json', 'COMPONENT'],
    ['us-gov-west-1', 'codebuild-aws-us-gov.json', 'CODEBUILD'],
  ] as const)('in %s is the document in %s', (name, file, role) => {
    expect(`${policyOf(role, { region: name, codebuildProject: 'deploy' }).document}\n`).toBe(golden(file));
  });

  it('comes with the policy of the provisioner’s role, which is in provisioner-aws.json', () => {
    expect(`${policyOf('PROVISIONING').provisionerPolicy ?? ''}\n`).toBe(golden('provisioner-aws.json'));
  });

  describe.each([
    ['aws', 'eu-central-1'],
    ['aws-cn', 'cn-northwest-1'],
    ['aws-us-gov', 'us-gov-east-1'],
  ])('in the partition %s', (partition, name) => {
    const principal = `arn:${partition}:iam::111111111111:role/${PROVISIONER}`;
    const externalId = `arn:${partition}:proton:${name}:111111111111:environment/payments-prod`;
    const passing = (id: string) => ({ 'sts:ExternalId': id });

    it.each(['PROVISIONING', 'COMPONENT'] as const)(
      'lets the provisioner assume the %s role for this environment, and no other caller and for no other',
      (role) => {
        const policy = policyOf(role, { region: name });
        expect(policy.externalId).toBe(externalId);
        const isAllowed = (caller: string, keys?: Readonly<Record<string, string>>) =>
          allows(policy.document, { principal: caller, ...(keys && { keys }) });
        expect(isAllowed(principal, passing(externalId))).toBe(true);
        const refused: [string, Readonly<Record<string, string>>?][] = [
          [principal],
          [principal, passing(externalId.replace('payments-prod', 'payments-dev'))],
          [principal, passing(externalId.replace(name, 'us-east-2'))],
          [principal, passing('*')],
          [`arn:${partition}:iam::111111111111:role/proton-provisioner`, passing(externalId)],
          [`arn:${partition}:iam::111111111111:role/${PROVISIONER}-2`, passing(externalId)],
          [`arn:${partition}:iam::111111111111:user/${PROVISIONER}`, passing(externalId)],
          [`arn:${partition}:iam::222222222222:role/${PROVISIONER}`, passing(externalId)],
          [`arn:${partition}:iam::333333333333:role/${PROVISIONER}`, passing(externalId)],
          ['proton.amazonaws.com', passing(externalId)],
        ];
        expect(refused.filter(([caller, keys]) => isAllowed(caller, keys))).toEqual([]);
      },
    );

    it('lets CodeBuild assume its role for the project in the environment account alone', () => {
      const {
        document,
        externalId: none,
        provisionerPolicy,
      } = policyOf('CODEBUILD', {
        region: name,
        codebuildProject: 'deploy',
      });
      expect([none, provisionerPolicy]).toEqual([null, null]);
      const from = (account: string, source: string, service = 'codebuild.amazonaws.com') =>
        allows(document, {
          principal: service,
          keys: { 'aws:SourceAccount': account, 'aws:SourceArn': source },
        });
      const project = `arn:${partition}:codebuild:${name}:222222222222:project/deploy`;
      expect(from('222222222222', project)).toBe(true);
      expect(from('333333333333', project.replace('222222222222', '333333333333'))).toBe(false);
      expect(from('222222222222', `${project}-2`)).toBe(false);
      expect(from('222222222222', externalId)).toBe(false);
      expect(from('222222222222', project, 'proton.amazonaws.com')).toBe(false);
      expect(allows(document, { principal: 'codebuild.amazonaws.com' })).toBe(false);
    });
  });

  it('without a provisioner role admits every role of the management account that passes the external id', () => {
    const { document, externalId } = policyOf('PROVISIONING', { provisionerRole: null });
    const keys = { 'sts:ExternalId': externalId ?? '' };
    expect(allows(document, { principal: 'arn:aws:iam::111111111111:role/any', keys })).toBe(true);
    expect(allows(document, { principal: 'arn:aws:iam::333333333333:role/any', keys })).toBe(false);
    expect(allows(document, { principal: 'arn:aws:iam::111111111111:role/any' })).toBe(false);
  });

  it('takes the provisioner role and the Region of the configuration where the input has none', () => {
    const request = parseTrustPolicyInput(INPUT, {
      region: region('eu-west-1'),
      provisionerRole: 'deployer',
    });
    const [policy] = trustPolicies(request);
    expect(policy?.document).toContain('"aws:PrincipalArn": "arn:aws:iam::111111111111:role/deployer"');
    expect(policy?.externalId).toBe('arn:aws:proton:eu-west-1:111111111111:environment/payments-prod');
  });

  it('has no empty part in any ARN', () => {
    for (const role of ['PROVISIONING', 'COMPONENT', 'CODEBUILD'] as const) {
      const { document, provisionerPolicy } = policyOf(role);
      expect(`${document}${provisionerPolicy ?? ''}`).not.toMatch(/arn:[a-z-]+::/);
    }
  });
});

describe('The input of trust policies', () => {
  const violationsOf = (input: Partial<TrustPolicyInput>) => {
    try {
      parseTrustPolicyInput({ ...INPUT, ...input }, DEFAULTS);
    } catch (error) {
      if (error instanceof ProtonFailure) return error.violations.map(({ path }) => path.join('.'));
      throw error;
    }
    return [];
  };

  it.each([
    '*',
    'proton-*',
    'proton-role?',
    '${aws:username}',
    'a"b',
    "a'b",
    'arn:aws:iam::111111111111:role/a',
    'role:a',
    '/leading',
    'trailing/',
    'a//b',
    'a b',
    'a\nb',
    'ä',
    '',
    'x'.repeat(65),
  ])('refuses the provisioner role %j', (provisionerRole) => {
    expect(violationsOf({ provisionerRole })).toEqual(['provisionerRole']);
  });

  it.each(['a', 'team/ci/deployer', 'x=y+z,@.-_', `${'p'.repeat(500)}/role`])(
    'takes the provisioner role %j',
    (provisionerRole) => {
      expect(violationsOf({ provisionerRole })).toEqual([]);
    },
  );

  it.each([
    '*',
    'deploy*',
    'deploy?',
    '${x}',
    'a/b',
    'arn:aws:codebuild:us-east-1:222222222222:project/a',
    '',
    '-a',
  ])('refuses the CodeBuild project %j', (codebuildProject) => {
    expect(violationsOf({ codebuildProject })).toEqual(['codebuildProject']);
  });

  it('lists every broken rule at once', () => {
    expect(
      violationsOf({
        managementAccountId: '1',
        environmentAccountId: '22222222222*',
        environmentName: 'a*',
        region: 'mars',
        provisionerRole: '*',
        codebuildProject: '*',
      }),
    ).toEqual([
      'managementAccountId',
      'environmentAccountId',
      'environmentName',
      'region',
      'provisionerRole',
      'codebuildProject',
    ]);
  });
});
