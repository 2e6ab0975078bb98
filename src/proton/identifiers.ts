/**
 * The identifiers of the domain, branded so that two strings can't be swapped.
 * Patterns are those of Proton's public model; each is matched in linear time.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Twelve digits. */
export type AccountId = Branded<'AccountId'>;
/** A lower-case UUID. */
export type ConnectionId = Branded<'ConnectionId'>;
/** An AWS Region, as in `eu-central-1`. */
export type Region = Branded<'Region'>;
/** The ARN of an IAM role. */
export type RoleArn = Branded<'RoleArn'>;
/** The ARN of an environment account connection. */
export type ConnectionArn = Branded<'ConnectionArn'>;

export type Partition = 'aws' | 'aws-cn' | 'aws-us-gov';

const ACCOUNT_ID = /^\d{12}$/;
const CONNECTION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/;
const PARTITIONS: readonly Partition[] = ['aws', 'aws-cn', 'aws-us-gov'];
const ROLE_ARN_LENGTH = 2048;
const ROLE_ARN_HEAD = /^arn:([a-z-]{3,10}):iam::([0-9]{12}):role\//;
const ROLE_PATH_SEGMENT = /^[\w+=,.@-]{1,512}$/;
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
const CONNECTION_ARN =
  /^arn:(?:aws|aws-cn|aws-us-gov):proton:[a-z0-9-]+:\d{12}:environment-account-connection\/([0-9a-f-]{36})$/;

/** Characters in a Region. Proton names no bound; this one keeps a connection's ARN within the 200 of its model. */
export const REGION_MAX_LENGTH = 64;

export function isAccountId(value: string): value is AccountId {
  return ACCOUNT_ID.test(value);
}

export function isConnectionId(value: string): value is ConnectionId {
  return CONNECTION_ID.test(value);
}

export function isRegion(value: string): value is Region {
  return value.length <= REGION_MAX_LENGTH && REGION.test(value);
}

/** The partition that a Region lies in: `cn-…` in China, `us-gov-…` in GovCloud, any other in the commercial one. */
export function partitionOf(region: Region): Partition {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}

export interface RoleArnParts {
  readonly partition: Partition;
  readonly accountId: AccountId;
}

export function isRoleArn(value: string): value is RoleArn {
  return value.length <= ROLE_ARN_LENGTH && parseRoleArn(value) !== undefined;
}

/**
 * Takes a role's ARN apart, or answers undefined when it is none. The length is not judged here.
 *
 * The model writes the path as a nested quantifier, which backtracks exponentially in most engines. Cutting the path at its
 * separators and matching each part once accepts the same language in linear time.
 */
export function parseRoleArn(value: string): RoleArnParts | undefined {
  const [prefix = '', partitionName, accountId = ''] = ROLE_ARN_HEAD.exec(value) ?? [];
  const partition = PARTITIONS.find((known) => known === partitionName);
  if (partition === undefined || !isAccountId(accountId)) return undefined;
  const segments = value.slice(prefix.length).split(/[/:]/);
  const name = segments.pop() ?? '';
  if (!ROLE_NAME.test(name) || !segments.every((segment) => ROLE_PATH_SEGMENT.test(segment)))
    return undefined;
  return { partition, accountId };
}

/** What a connection's ARN is made of. */
export interface ArnSubject {
  readonly id: ConnectionId;
  readonly region: Region;
  readonly environmentAccountId: AccountId;
}

/** `arn:PARTITION:proton:REGION:ENVIRONMENT_ACCOUNT:environment-account-connection/ID` */
export function connectionArn({ id, region, environmentAccountId }: ArnSubject): ConnectionArn {
  return `arn:${partitionOf(region)}:proton:${region}:${environmentAccountId}:environment-account-connection/${id}` as ConnectionArn;
}

/** The id inside a connection's ARN, or undefined when the ARN is none. Whether the rest fits is for the caller to compare. */
export function connectionIdInArn(arn: string): ConnectionId | undefined {
  const id = CONNECTION_ARN.exec(arn)?.[1];
  return id !== undefined && isConnectionId(id) ? id : undefined;
}
