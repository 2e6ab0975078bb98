import type { Store } from '../src/control-plane/store';
import type { Connection } from '../src/proton/connection';
import {
  isAccountId,
  isConnectionId,
  isRegion,
  isRoleArn,
  type AccountId,
  type ConnectionId,
  type Region,
  type RoleArn,
} from '../src/proton/identifiers';
import { randomFrom, type Random } from './random';

/** Connections per environment account. Realistic, and far below the quota. */
const PER_ENVIRONMENT_ACCOUNT = 20;
const STAGES = ['development', 'staging', 'production'];

const MANAGEMENT_ACCOUNT_COUNT = 10;
const managementAccount = (index: number) => accountId(100_000_000_000 + (index % MANAGEMENT_ACCOUNT_COUNT));

export const MANAGEMENT_ACCOUNTS = Array.from({ length: MANAGEMENT_ACCOUNT_COUNT }, (_, index) =>
  managementAccount(index),
);

/** 2024-01-01T00:00:00Z: in the past, so that connections which a case creates come first in each list. */
const FIRST_REQUEST = 1_704_067_200_000;
const SECOND = 1_000;

/**
 * The connections of a filled store, oldest first: two of three are accepted, and every second one has tags. Their ids are random, as
 * in a real store, and the same in each run.
 */
export function connectionsOf(count: number): readonly Connection[] {
  const random = randomFrom(1);
  const environmentAccounts = Math.ceil(count / PER_ENVIRONMENT_ACCOUNT);
  return Array.from({ length: count }, (_, index) => {
    const environmentAccountId = accountId(200_000_000_000 + (index % environmentAccounts));
    const requestedAt = FIRST_REQUEST + index * SECOND;
    const accepted = index % 3 !== 0;
    return {
      id: uuid(random),
      status: accepted ? 'CONNECTED' : 'PENDING',
      environmentName: `service-${String(index)}`,
      managementAccountId: managementAccount(index),
      environmentAccountId,
      region: REGION,
      roleArn: roleOf(environmentAccountId),
      componentRoleArn: null,
      codebuildRoleArn: null,
      requestedAt,
      lastModifiedAt: accepted ? requestedAt + SECOND : requestedAt,
      tags: index % 2 === 0 ? [] : tagsOf(index),
    };
  });
}

/** Fills a new store, and closes it. An import writes all rows in one transaction, which is much faster than creating each connection. */
export async function fillStore(store: Store, connections: readonly Connection[]): Promise<void> {
  try {
    const filling = await store.imports.begin();
    await filling.add(
      connections.map((connection, index) => ({
        kind: 'connection',
        location: { record: index + 1 },
        connection,
      })),
    );
    const { written, refusals } = await filling.settle('write');
    await filling.close();
    if (!written) throw new Error(`the store refuses the rows: ${JSON.stringify(refusals[0])}`);
  } finally {
    await store.close();
  }
}

function tagsOf(index: number) {
  return [
    // Sorted by key, because Proton returns them in that order.
    { key: 'stage', value: STAGES[index % STAGES.length] ?? 'production' },
    { key: 'team', value: `team-${String(index % 40)}` },
  ];
}

function uuid(random: Random): ConnectionId {
  const hex = Array.from({ length: 4 }, () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  const id = hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
  if (!isConnectionId(id)) throw new Error(`${id} is not the id of a connection`);
  return id;
}

function accountId(number: number): AccountId {
  const id = String(number);
  if (!isAccountId(id)) throw new Error(`${id} is not an account id`);
  return id;
}

function roleOf(account: AccountId): RoleArn {
  const arn = `arn:aws:iam::${account}:role/proton-provisioning`;
  if (!isRoleArn(arn)) throw new Error(`${arn} is not the ARN of a role`);
  return arn;
}

/** The default Region of every candidate. */
const REGION = region('us-east-1');

function region(name: string): Region {
  if (!isRegion(name)) throw new Error(`${name} is not a Region`);
  return name;
}
