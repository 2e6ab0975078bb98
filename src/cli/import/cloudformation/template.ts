import type { Tag } from '../../../proton/connection';
import type { AccountId, Region } from '../../../proton/identifiers';
import type { ConnectionWish } from '../../../control-plane/import/import-store';
import { checkRolesFit, parseRoles } from '../../../proton/validation/roles';
import { checkTags } from '../../../proton/validation/tags';
import { accountIdRule, environmentNameRule } from '../../../proton/validation/values';
import { required, Violations } from '../../../proton/validation/violations';
import { createResolver, isCall, type Resolver } from './intrinsics';
import { isObject, type TemplateDocument } from '../formats/documents';
import { reasonsOf } from '../reasons';
import { Unresolved } from './unresolved';

const TYPE = 'AWS::Proton::EnvironmentAccountConnection';

/** Where a template is deployed, as whoever imports it says. */
export interface Deployment {
  readonly account: AccountId | undefined;
  readonly region: Region | undefined;
}

/** One resource of a template as a wish, or every reason why it is none. */
export interface DeclaredWish {
  readonly logicalId: string;
  readonly line: number | undefined;
  readonly wish: ConnectionWish | { readonly reasons: readonly string[] };
}

/**
 * The connections that a template declares, in its order. One whose condition is false is not declared.
 * @returns a phrase instead, when there is none that could be
 */
export function wishesIn(
  { content, lineOf }: TemplateDocument,
  deployment: Deployment,
): readonly DeclaredWish[] | string {
  const resources = content['Resources'];
  if (!isObject(resources)) return 'is a CloudFormation template without Resources';
  const resolver = createResolver({ ...deployment, content });
  const declared = Object.entries(resources).filter(([logicalId, resource]) =>
    isConnection(logicalId, resource),
  );
  if (declared.length === 0) return `is a CloudFormation template that declares no ${TYPE}`;
  return declared.flatMap(([logicalId, resource]) => {
    const wish = wishOf(logicalId, resource, resolver, deployment);
    return wish ? [{ logicalId, line: lineOf(logicalId), wish }] : [];
  });
}

function isConnection(logicalId: string, resource: unknown): boolean {
  if (logicalId.startsWith('Fn::')) return JSON.stringify(resource).includes(TYPE);
  return isObject(resource) && resource['Type'] === TYPE;
}

function wishOf(
  logicalId: string,
  resource: unknown,
  resolver: Resolver,
  deployment: Deployment,
): DeclaredWish['wish'] | undefined {
  if (!isObject(resource))
    return { reasons: [`can't be expanded: ${logicalId} is known to CloudFormation alone`] };
  const condition = resource['Condition'];
  if (typeof condition === 'string') {
    try {
      if (!resolver.condition(condition)) return undefined;
    } catch (error) {
      return { reasons: [`Condition ${unresolved(error)}`] };
    }
  }
  const strange = Object.keys(resource).filter((attribute) => !ATTRIBUTES.includes(attribute));
  const reasons = strange.map((attribute) => notKnown(attribute, 'no attribute of a resource'));
  try {
    const properties = propertiesOf(resource['Properties'], resolver);
    const wish = wishFrom(properties, resolver, deployment);
    if (reasons.length === 0) return wish;
    return { reasons: [...reasons, ...('reasons' in wish ? wish.reasons : [])] };
  } catch (error) {
    return { reasons: [...reasons, `Properties ${unresolved(error)}`] };
  }
}

/** What CloudFormation lets stand beside a resource's properties. */
const ATTRIBUTES: readonly string[] = [
  'Type',
  'Properties',
  'Condition',
  'CreationPolicy',
  'DeletionPolicy',
  'DependsOn',
  'Metadata',
  'UpdatePolicy',
  'UpdateReplacePolicy',
];

const PROPERTIES: readonly string[] = [
  'ManagementAccountId',
  'EnvironmentName',
  'EnvironmentAccountId',
  'RoleArn',
  'ComponentRoleArn',
  'CodebuildRoleArn',
  'Tags',
];

/** What is misspelt would otherwise be left out in silence. */
function notKnown(name: string, what: string): string {
  return name.startsWith('Fn::')
    ? `can't be expanded: ${name} is known to CloudFormation alone`
    : `has ${name}, which is ${what}`;
}

/** @throws Unresolved */
function propertiesOf(given: unknown, resolver: Resolver): Readonly<Record<string, unknown>> {
  const properties = isObject(given) && isCall(given) ? resolver.value(given) : given;
  if (properties === undefined || properties === null) return {};
  if (!isObject(properties)) throw new Unresolved(given, 'must come to an object');
  return properties;
}

function wishFrom(
  properties: Readonly<Record<string, unknown>>,
  resolver: Resolver,
  { account, region }: Deployment,
): DeclaredWish['wish'] {
  const violations = new Violations();
  for (const name of Object.keys(properties)) {
    if (!PROPERTIES.includes(name)) violations.add([], notKnown(name, `no property of ${TYPE}`));
  }

  function resolved(member: string): unknown {
    const given = properties[propertyName(member)];
    if (given === undefined || given === null) return undefined;
    try {
      return resolver.value(given);
    } catch (error) {
      violations.add([member], unresolved(error));
      return UNKNOWN;
    }
  }
  function text(member: string): string | undefined | typeof UNKNOWN {
    const given = resolved(member);
    if (given === UNKNOWN || given === undefined || typeof given === 'string') return given;
    if (typeof given === 'number') return String(given);
    violations.add([member], 'must be a text');
    return UNKNOWN;
  }
  function mandatory(member: string): string | typeof UNKNOWN {
    const given = text(member);
    if (given !== undefined) return given;
    violations.add([member], 'must be given');
    return UNKNOWN;
  }
  const role = (member: string) => {
    const given = text(member);
    return given === UNKNOWN || given === '' ? undefined : given;
  };

  const environmentName = judged(
    violations,
    'environmentName',
    mandatory('environmentName'),
    environmentNameRule,
  );
  const managementAccountId = judged(
    violations,
    'managementAccountId',
    mandatory('managementAccountId'),
    accountIdRule,
  );
  const named = text('environmentAccountId');
  const environmentAccountId =
    named === undefined ? account : judged(violations, 'environmentAccountId', named, accountIdRule);
  if (named === undefined && account === undefined) {
    violations.add(['environmentAccountId'], 'is not given, so the option --account must name the account');
  }
  if (region === undefined)
    violations.add([], 'needs the option --region, for a connection lies in a Region');
  const roles = parseRoles(violations, {
    roleArn: role('roleArn'),
    componentRoleArn: role('componentRoleArn'),
    codebuildRoleArn: role('codebuildRoleArn'),
  });
  checkRolesFit(violations, roles, { environmentAccountId, region });
  const tags = tagsOf(resolved('tags'), violations);

  if (
    violations.any ||
    environmentName === undefined ||
    managementAccountId === undefined ||
    environmentAccountId === undefined ||
    region === undefined
  ) {
    return { reasons: reasonsOf(violations, propertyName) };
  }
  return { environmentName, managementAccountId, environmentAccountId, region, ...roles, tags };
}

/** A property that is there, and whose value has been reported to be none. */
const UNKNOWN = Symbol('unknown');

function judged<Value extends string>(
  violations: Violations,
  member: string,
  given: string | typeof UNKNOWN,
  rule: Parameters<typeof required<Value>>[3],
): Value | undefined {
  return given === UNKNOWN ? undefined : required(violations, [member], given, rule);
}

function tagsOf(given: unknown, violations: Violations): readonly Tag[] {
  if (given === undefined || given === UNKNOWN) return [];
  if (!Array.isArray(given)) {
    violations.add(['tags'], 'must be a list');
    return [];
  }
  const tags: Tag[] = [];
  given.forEach((tag: unknown, index) => {
    // A number is a text in a template; so is nothing at all, where YAML leaves a value empty.
    const { Key: key, Value: value } = isObject(tag) ? tag : {};
    if (isText(key) && (isText(value) || value === null))
      tags.push({ key: String(key), value: String(value ?? '') });
    else violations.add(['tags', String(index)], 'must have a Key and a Value, both texts');
  });
  checkTags(violations, tags);
  return tags;
}

function isText(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** `roleArn` as a template writes it: `RoleArn`. */
function propertyName(member: string): string {
  return member.charAt(0).toUpperCase() + member.slice(1);
}

function unresolved(error: unknown): string {
  if (error instanceof Unresolved) return error.message;
  throw error;
}
