import type { ConnectionRoles } from '../../proton/connection';
import type { TrustPolicyRequest } from '../../proton/trust-policy/request';
import {
  MEMBER_OF_ROLE,
  type ConnectionRole,
  type TrustPolicy,
} from '../../proton/trust-policy/trust-policies';

/** What is printed. */
export interface PrintedPolicies {
  /** The trust policies of roles, or the policies that the provisioner's role needs in return. */
  readonly kind: 'trust' | 'provisioner';
  readonly policies: readonly TrustPolicy[];
  /** Whether the user has named one role. */
  readonly isOne: boolean;
  readonly request: TrustPolicyRequest;
  /** The ARNs of the roles; undefined before they are known. */
  readonly connection: ConnectionRoles | undefined;
}

/** A policy, and the role that it belongs to. */
interface Document {
  /** As in `provisioning`. */
  readonly name: string;
  readonly text: string;
  /** Path and name of the IAM role; undefined where it is not known. */
  readonly iamRole: { readonly path: string; readonly name: string } | undefined;
}

export const FORMATS = { json: jsonText, cloudformation: cloudformationText, terraform: terraformText };

export function writePolicies(format: keyof typeof FORMATS, printed: PrintedPolicies): string {
  return FORMATS[format](printed, documentsOf(printed));
}

function documentsOf({ kind, policies, request, connection }: PrintedPolicies): readonly Document[] {
  return policies.flatMap(({ role, document, provisionerPolicy }) => {
    const name = role.toLowerCase();
    if (kind === 'trust') return [{ name, text: document, iamRole: iamRoleOf(role, connection) }];
    const iamRole = request.provisionerRole === null ? undefined : pathAndName(request.provisionerRole);
    return provisionerPolicy === null ? [] : [{ name, text: provisionerPolicy, iamRole }];
  });
}

function iamRoleOf(role: ConnectionRole, connection: ConnectionRoles | undefined): Document['iamRole'] {
  const arn = connection?.[MEMBER_OF_ROLE[role]];
  return arn ? pathAndName(arn.slice(arn.indexOf(':role/') + ':role/'.length)) : undefined;
}

function pathAndName(role: string): NonNullable<Document['iamRole']> {
  const end = role.lastIndexOf('/') + 1;
  return { path: `/${role.slice(0, end)}`, name: role.slice(end) };
}

/** One document as it is, several as an object. */
function jsonText({ isOne }: PrintedPolicies, documents: readonly Document[]): string {
  const [first] = documents;
  if (isOne && first) return `${first.text}\n`;
  const all = Object.fromEntries(documents.map(({ name, text }) => [name, JSON.parse(text) as unknown]));
  return `${JSON.stringify(all, null, 2)}\n`;
}

const LINE_OF_KIND = {
  trust: 'Roles through which the account that provisions reaches the environment.',
  provisioner: 'What the role that provisions needs in return.',
} as const;

/** A template. JSON is YAML, so the documents are in it as they are. */
function cloudformationText({ kind, request }: PrintedPolicies, documents: readonly Document[]): string {
  const resources = documents.map(({ name, text, iamRole }) => {
    const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}${kind === 'trust' ? 'Role' : 'ProvisionerPolicy'}`;
    const named = iamRole
      ? [`      RoleName: ${JSON.stringify(iamRole.name)}`, `      Path: ${JSON.stringify(iamRole.path)}`]
      : [];
    const attached = iamRole ? ['      Roles:', `        - ${JSON.stringify(iamRole.name)}`] : [];
    return [
      `  ${id}:`,
      `    Type: AWS::IAM::${kind === 'trust' ? 'Role' : 'ManagedPolicy'}`,
      '    Properties:',
      ...(kind === 'trust' ? named : attached),
      `      ${kind === 'trust' ? 'AssumeRolePolicyDocument' : 'PolicyDocument'}:`,
      indented(text, 8),
    ].join('\n');
  });
  return `# ${LINE_OF_KIND[kind]}
AWSTemplateFormatVersion: '2010-09-09'
Description: ${descriptionOf(request)}
Resources:
${resources.join('\n')}
`;
}

/** A file with one resource for each policy. No text in it has a `$` or `%`, which would begin a template in Terraform. */
function terraformText({ kind, request }: PrintedPolicies, documents: readonly Document[]): string {
  const resources = documents.map(({ name, text, iamRole }) => {
    const body = `<<JSON\n${text}\nJSON`;
    const lines =
      kind === 'trust'
        ? [
            `resource "aws_iam_role" "${name}" {`,
            ...(iamRole
              ? [`  name               = "${iamRole.name}"`, `  path               = "${iamRole.path}"`]
              : []),
            `  assume_role_policy = ${body}`,
          ]
        : [
            iamRole
              ? `resource "aws_iam_role_policy" "assume_${name}_role" {\n  role   = "${iamRole.name}"`
              : `resource "aws_iam_policy" "assume_${name}_role" {`,
            `  policy = ${body}`,
          ];
    return [...lines, '}'].join('\n');
  });
  return `# ${LINE_OF_KIND[kind]}\n# ${descriptionOf(request)}\n\n${resources.join('\n\n')}\n`;
}

function descriptionOf({
  environmentName,
  region,
  managementAccountId,
  environmentAccountId,
}: TrustPolicyRequest): string {
  return `Environment ${environmentName} in ${region}, provisioned by ${managementAccountId} in ${environmentAccountId}.`;
}

function indented(text: string, spaces: number): string {
  return text.replace(/^/gm, ' '.repeat(spaces));
}
