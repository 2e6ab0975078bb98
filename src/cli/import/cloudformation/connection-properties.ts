import type { ConnectionDeclaration } from '../../../control-plane/import/import-store';
import type { Tag } from '../../../proton/connection';
import { checkRolesFit, parseRoles } from '../../../proton/validation/roles';
import { checkTags } from '../../../proton/validation/parse-inputs';
import { accountIdRule, environmentNameRule, isObject } from '../../../proton/validation/values';
import { required, Violations } from '../../../proton/validation/violations';
import { reasonsOf } from '../record';
import { isCall, UnresolvedError, unresolvedReason, type Resolver } from './expressions';
import type { Deployment } from './parameters';
import { CONNECTION_TYPE } from './unevaluated';

/** A connection that a template declares, or all reasons why it can't be imported. */
export type ParsedDeclaration = ConnectionDeclaration | { readonly reasons: readonly string[] };

const PROPERTIES: readonly string[] = [
  'ManagementAccountId',
  'EnvironmentName',
  'EnvironmentAccountId',
  'RoleArn',
  'ComponentRoleArn',
  'CodebuildRoleArn',
  'Tags',
];

/** The message for an unknown member. Ignoring it would hide a misspelt name. */
export function unknownMemberReason(name: string, expected: string): string {
  return name.startsWith('Fn::')
    ? `can't be expanded: ${name} is known only to CloudFormation`
    : `has ${name}, which is not ${expected}`;
}

/** The properties of a resource. Their values are not resolved yet. @throws UnresolvedError */
export function propertiesOf(given: unknown, resolver: Resolver): Readonly<Record<string, unknown>> {
  const properties = isObject(given) && isCall(given) ? resolver.value(given) : given;
  if (properties === undefined || properties === null) return {};
  if (!isObject(properties)) throw new UnresolvedError(given, 'must resolve to an object');
  return properties;
}

/** Resolves and validates the properties of a resource. */
export function declarationFrom(
  properties: Readonly<Record<string, unknown>>,
  resolver: Resolver,
  { account, region }: Deployment,
): ParsedDeclaration {
  const violations = new Violations();
  for (const name of Object.keys(properties)) {
    if (!PROPERTIES.includes(name))
      violations.add([], unknownMemberReason(name, `a property of ${CONNECTION_TYPE}`));
  }

  function resolved(member: string): unknown {
    const given = properties[propertyName(member)];
    if (given === undefined || given === null) return undefined;
    try {
      const value = resolver.value(given);
      const reference = value === undefined ? undefined : DYNAMIC_REFERENCE.exec(JSON.stringify(value))?.[0];
      if (reference === undefined) return value;
      throw new UnresolvedError(reference, 'is known only to CloudFormation');
    } catch (error) {
      violations.add([member], unresolvedReason(error));
      return UNRESOLVED;
    }
  }
  function text(member: string): string | undefined | typeof UNRESOLVED {
    const given = resolved(member);
    if (given === UNRESOLVED || given === undefined || typeof given === 'string') return given;
    if (typeof given === 'number') return String(given);
    violations.add([member], 'must be a string');
    return UNRESOLVED;
  }
  function mandatory(member: string): string | typeof UNRESOLVED {
    const given = text(member);
    if (given !== undefined) return given;
    violations.add([member], 'must be given');
    return UNRESOLVED;
  }
  const role = (member: string) => {
    const given = text(member);
    return given === UNRESOLVED || given === '' ? undefined : given;
  };

  const environmentName = validated(
    violations,
    'environmentName',
    mandatory('environmentName'),
    environmentNameRule,
  );
  const managementAccountId = validated(
    violations,
    'managementAccountId',
    mandatory('managementAccountId'),
    accountIdRule,
  );
  const givenAccountId = text('environmentAccountId');
  const environmentAccountId =
    givenAccountId === undefined
      ? account
      : validated(violations, 'environmentAccountId', givenAccountId, accountIdRule);
  if (givenAccountId === undefined && account === undefined) {
    violations.add(['environmentAccountId'], 'is not given, so the option --account must name the account');
  }
  if (region === undefined)
    violations.add([], 'needs the option --region, because a connection belongs to a Region');
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

/** A dynamic reference. CloudFormation reads its value when it deploys the template. */
const DYNAMIC_REFERENCE = /\{\{resolve:[^}]*\}\}/;

/** The value of a property that could not be resolved. The reason has already been added to the violations. */
const UNRESOLVED = Symbol('unresolved');

function validated<Value extends string>(
  violations: Violations,
  member: string,
  given: string | typeof UNRESOLVED,
  rule: Parameters<typeof required<Value>>[3],
): Value | undefined {
  return given === UNRESOLVED ? undefined : required(violations, [member], given, rule);
}

function tagsOf(given: unknown, violations: Violations): readonly Tag[] {
  if (given === undefined || given === UNRESOLVED) return [];
  if (!Array.isArray(given)) {
    violations.add(['tags'], 'must be a list');
    return [];
  }
  const tags: Tag[] = [];
  given.forEach((tag: unknown, index) => {
    // CloudFormation converts numbers and booleans to strings. An empty value in YAML is an empty string.
    const { Key: key, Value: value } = isObject(tag) ? tag : {};
    if (isScalar(key) && (isScalar(value) || value === null))
      tags.push({ key: String(key), value: String(value ?? '') });
    else violations.add(['tags', String(index)], 'must have a Key and a Value, both strings');
  });
  checkTags(violations, tags);
  return tags;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The name of a property in a template, as in `RoleArn` for `roleArn`. */
function propertyName(member: string): string {
  return member.charAt(0).toUpperCase() + member.slice(1);
}
