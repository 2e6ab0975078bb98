import type { Tag } from '../../../proton/connection';
import type { ConnectionWish } from '../../../control-plane/import/import-store';
import { checkRolesFit, parseRoles } from '../../../proton/validation/roles';
import { checkTags } from '../../../proton/validation/tags';
import { accountIdRule, environmentNameRule } from '../../../proton/validation/values';
import { required, Violations } from '../../../proton/validation/violations';
import { isCall, UnresolvedError } from './expressions';
import type { Resolver } from './intrinsics';
import { isObject } from '../formats/documents';
import { reasonsOf } from '../record';
import type { Deployment } from './parameters';
import { CONNECTION_TYPE } from './unevaluated';

/** A connection that a template declares, or every reason why it can't be imported. */
export type ParsedDeclaration = ConnectionWish | { readonly reasons: readonly string[] };

const PROPERTIES: readonly string[] = [
  'ManagementAccountId',
  'EnvironmentName',
  'EnvironmentAccountId',
  'RoleArn',
  'ComponentRoleArn',
  'CodebuildRoleArn',
  'Tags',
];

/** Why a misspelt name is refused: without this, it would be left out in silence. */
export function notKnown(name: string, what: string): string {
  return name.startsWith('Fn::')
    ? `can't be expanded: ${name} is known to CloudFormation alone`
    : `has ${name}, which is ${what}`;
}

/** The properties of a resource, whose values are not resolved yet. @throws UnresolvedError */
export function propertiesOf(given: unknown, resolver: Resolver): Readonly<Record<string, unknown>> {
  const properties = isObject(given) && isCall(given) ? resolver.value(given) : given;
  if (properties === undefined || properties === null) return {};
  if (!isObject(properties)) throw new UnresolvedError(given, 'must come to an object');
  return properties;
}

/** Makes a declaration of a resource's properties. */
export function wishFrom(
  properties: Readonly<Record<string, unknown>>,
  resolver: Resolver,
  { account, region }: Deployment,
): ParsedDeclaration {
  const violations = new Violations();
  for (const name of Object.keys(properties)) {
    if (!PROPERTIES.includes(name)) violations.add([], notKnown(name, `no property of ${CONNECTION_TYPE}`));
  }

  function resolved(member: string): unknown {
    const given = properties[propertyName(member)];
    if (given === undefined || given === null) return undefined;
    try {
      const value = resolver.value(given);
      const reference = value === undefined ? undefined : DYNAMIC_REFERENCE.exec(JSON.stringify(value))?.[0];
      if (reference === undefined) return value;
      throw new UnresolvedError(reference, 'is known to CloudFormation alone');
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

/** A value that CloudFormation reads from elsewhere when it deploys the template. */
const DYNAMIC_REFERENCE = /\{\{resolve:[^}]*\}\}/;

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

/** Why an expression has no value. @throws the error, when that is not the reason */
export function unresolved(error: unknown): string {
  if (error instanceof UnresolvedError) return error.message;
  throw error;
}
