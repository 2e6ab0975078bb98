import type { ConnectionView, Tag } from '../../proton/connection';
import { isConnectionId, isRegion, partitionOf, type Region, type RoleArn } from '../../proton/identifiers';
import type { Violation } from '../../proton/failure';
import { checkRolesFit } from '../../proton/validation/roles';
import { checkTags } from '../../proton/validation/parse-inputs';
import {
  accountIdRule,
  connectionIdRule,
  environmentNameRule,
  isObject,
  roleArnRule,
  statusRule,
} from '../../proton/validation/values';
import { required, type Rule, Violations } from '../../proton/validation/violations';
import type { RecordSource } from './formats/documents';
import { parseTimestamp, TIMESTAMP_RULE } from './timestamp';

/** A connection, or all reasons why the record is not one. The reasons come with the record's id if it has a valid one. */
export type ParsedRecord =
  | { readonly connection: ConnectionView }
  | { readonly id: string | undefined; readonly reasons: readonly string[] };

const ARN = /^arn:([^:]*):proton:([^:]*):([^:]*):environment-account-connection\/(.*)$/s;

/** Validates a connection as the aws CLI prints it. `null` counts as missing, and unknown members are ignored. */
export function parseRecord(value: unknown, source: RecordSource): ParsedRecord {
  if (!isObject(value)) return { id: undefined, reasons: ['must be an object'] };
  const violations = new Violations();
  const member = (name: string): unknown =>
    Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;

  function text<Value extends string>(name: string, rule: Rule<Value>): Value | undefined {
    const given = member(name);
    if (given === undefined) violations.add([name], 'must be given');
    return given === undefined ? undefined : validated(name, given, rule);
  }
  function validated<Value extends string>(
    name: string,
    given: unknown,
    rule: Rule<Value>,
  ): Value | undefined {
    if (typeof given === 'string') return required(violations, [name], given, rule);
    violations.add([name], 'must be a string');
    return undefined;
  }
  function role(name: string): RoleArn | null {
    const given = member(name);
    return given === undefined || given === '' ? null : (validated(name, given, roleArnRule) ?? null);
  }
  function time(name: string): number | undefined {
    const given = member(name);
    const at = parseTimestamp(given);
    if (at === undefined) violations.add([name], given === undefined ? 'must be given' : TIMESTAMP_RULE);
    return at;
  }

  const id = text('id', connectionIdRule);
  const environmentAccountId = text('environmentAccountId', accountIdRule);
  const region = regionIn(
    text('arn', (arn) => ({ value: arn })),
    { id, environmentAccountId },
    violations,
  );
  const managementAccountId = text('managementAccountId', accountIdRule);
  const environmentName = text('environmentName', environmentNameRule);
  const status = text('status', statusRule);
  const roles = {
    roleArn: role('roleArn'),
    componentRoleArn: role('componentRoleArn'),
    codebuildRoleArn: role('codebuildRoleArn'),
  };
  checkRolesFit(violations, roles, { environmentAccountId, region });
  const requestedAt = time('requestedAt');
  const lastModifiedAt = time('lastModifiedAt');
  const tags = tagsIn(member('tags'), violations);

  if (
    violations.any ||
    id === undefined ||
    environmentAccountId === undefined ||
    region === undefined ||
    managementAccountId === undefined ||
    environmentName === undefined ||
    status === undefined ||
    requestedAt === undefined ||
    lastModifiedAt === undefined
  ) {
    const givenId = member('id');
    return {
      id: typeof givenId === 'string' && isConnectionId(givenId) ? givenId : undefined,
      reasons: reasonsOf(violations),
    };
  }
  const { codebuildRoleArn, ...listedRoles } = roles;
  return {
    connection: {
      id,
      region,
      status,
      environmentName,
      managementAccountId,
      environmentAccountId,
      ...listedRoles,
      requestedAt,
      lastModifiedAt,
      ...((codebuildRoleArn !== null || source === 'get') && { codebuildRoleArn }),
      ...(tags !== undefined && { tags }),
    },
  };
}

/** The Region, which only the ARN contains. The rest of the ARN must match the other members. */
function regionIn(
  arn: string | undefined,
  {
    id,
    environmentAccountId,
  }: { readonly id: string | undefined; readonly environmentAccountId: string | undefined },
  violations: Violations,
): Region | undefined {
  if (arn === undefined) return undefined;
  const [, partition, region = '', account, idInArn] = ARN.exec(arn) ?? [];
  if (partition === undefined || !isRegion(region)) {
    violations.add(
      ['arn'],
      'must be the ARN of a connection, as in arn:aws:proton:REGION:ENVIRONMENT_ACCOUNT:environment-account-connection/ID',
    );
    return undefined;
  }
  if (partition !== partitionOf(region)) {
    violations.add(['arn'], `must be of the partition ${partitionOf(region)}, to which ${region} belongs`);
  }
  if (environmentAccountId !== undefined && account !== environmentAccountId) {
    violations.add(['arn'], `must be of the environment account, ${environmentAccountId}`);
  }
  if (id !== undefined && idInArn !== id) violations.add(['arn'], `must end with the id, ${id}`);
  return region;
}

function tagsIn(given: unknown, violations: Violations): readonly Tag[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) {
    violations.add(['tags'], 'must be a list');
    return undefined;
  }
  const tags = given.map((tag: unknown, index): Tag => {
    if (isObject(tag) && typeof tag['key'] === 'string' && typeof tag['value'] === 'string') {
      return { key: tag['key'], value: tag['value'] };
    }
    violations.add(['tags', String(index)], 'must have a key and a value, both strings');
    return { key: `?${String(index)}`, value: '' };
  });
  if (!violations.any) checkTags(violations, tags);
  return tags;
}

/**
 * The violations as phrases, as in "status must be one of …".
 * @param nameOf translates the first part of a path to the name that the file uses
 */
export function reasonsOf(violations: Violations, nameOf = (member: string) => member): readonly string[] {
  return violations.asFailure().violations.map(({ path, message }: Violation) => {
    const [member, ...rest] = path;
    return [member === undefined ? '' : [nameOf(member), ...rest].join('.'), message]
      .filter(Boolean)
      .join(' ');
  });
}
