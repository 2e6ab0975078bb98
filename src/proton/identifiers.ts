/**
 * The identifiers of the domain, as branded strings so that the compiler notices when two are swapped.
 * The patterns come from Proton's public model. Each is matched in linear time.
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

/** In characters. Proton's model sets no limit; this one keeps a connection's ARN within the 200 characters that it allows. */
const REGION_MAX_LENGTH = 64;

export function isAccountId(value: string): value is AccountId {
  return ACCOUNT_ID.test(value);
}

export function isConnectionId(value: string): value is ConnectionId {
  return CONNECTION_ID.test(value);
}

export function isRegion(value: string): value is Region {
  return value.length <= REGION_MAX_LENGTH && REGION.test(value);
}

/** The partition of a Region: `cn-…` is in China, `us-gov-…` in GovCloud, all others are in the commercial partition. */
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
 * Parses a role's ARN; undefined if it is not one. Does not check the length.
 *
 * The model's pattern has a nested quantifier for the path, which backtracks exponentially in most engines. Splitting the path
 * at its separators and matching each segment once accepts the same strings in linear time.
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

/** The parts of a connection's ARN. */
export interface ConnectionArnParts {
  readonly id: ConnectionId;
  readonly region: Region;
  readonly environmentAccountId: AccountId;
}

/** `arn:PARTITION:proton:REGION:ENVIRONMENT_ACCOUNT:environment-account-connection/ID` */
export function connectionArn({ id, region, environmentAccountId }: ConnectionArnParts): ConnectionArn {
  return `arn:${partitionOf(region)}:proton:${region}:${environmentAccountId}:environment-account-connection/${id}` as ConnectionArn;
}

/** The id in a connection's ARN; undefined if it is not such an ARN. Does not check that the other parts fit the connection. */
function connectionIdInArn(arn: string): ConnectionId | undefined {
  const id = CONNECTION_ARN.exec(arn)?.[1];
  return id !== undefined && isConnectionId(id) ? id : undefined;
}

/** Refers to a connection by its id or its ARN, as a client sent it. A malformed one refers to nothing. */
export type ConnectionReference = { readonly id: string } | { readonly arn: string };

/** The id that a reference contains; undefined if the reference is malformed. */
export function connectionIdOf(reference: ConnectionReference): ConnectionId | undefined {
  if ('arn' in reference) return connectionIdInArn(reference.arn);
  return isConnectionId(reference.id) ? reference.id : undefined;
}

/**
 * Whether a reference that contains this connection's id refers to it: an ARN may have the right id and the wrong Region, account
 * or partition.
 */
export function refersTo(reference: ConnectionReference, connection: ConnectionArnParts): boolean {
  return !('arn' in reference) || connectionArn(connection) === reference.arn;
}
