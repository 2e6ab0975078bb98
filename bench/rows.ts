import { createEmbeddedProtonService } from '../src/control-plane/control-plane';
import { openSqliteStore } from '../src/control-plane/sqlite/sqlite-store';
import { isAccountId, isRegion, type AccountId, type Region } from '../src/proton/identifiers';
import { unrestrictedViewer } from '../src/proton/viewer';

/** The number of connections in the filled store. */
export const ROW_COUNT = 10_000;

const ENVIRONMENT_ACCOUNTS = 500;
const MANAGEMENT_ACCOUNTS = 10;
const STAGES = ['development', 'staging', 'production'];

/** Connections that are created concurrently, so that writes share commits. */
const CONCURRENT_WRITES = 1_000;

/** 2026-01-01T00:00:00Z. */
const FIRST_REQUEST = 1_767_225_600_000;

/**
 * Fills a new store through the service: creates connections, accepts two of three, and gives every second one tags.
 * @param count the number of connections, a multiple of 1,000
 * @returns the ids, oldest first
 */
export async function fillStore(location: string, count = ROW_COUNT): Promise<readonly string[]> {
  const store = openSqliteStore({ location });
  let now = FIRST_REQUEST;
  const service = createEmbeddedProtonService({
    store,
    settings: { defaultRegion: DEFAULT_REGION, defaultAccountId: undefined, connectionQuota: ROW_COUNT },
    now: () => (now += 1_000),
  });
  const session = service.session(unrestrictedViewer('bench'));
  const ids: string[] = [];
  try {
    for (let start = 0; start < count; start += CONCURRENT_WRITES) {
      const created = await Promise.all(
        Array.from({ length: CONCURRENT_WRITES }, (_, offset) =>
          session.createConnection(rowInput(start + offset)),
        ),
      );
      const chunk = created.map(({ id }) => id);
      await Promise.all(
        chunk.filter((_, index) => index % 3 !== 0).map((id) => session.acceptConnection({ id })),
      );
      ids.push(...chunk);
    }
    await service.drained();
  } finally {
    await store.close();
  }
  return ids;
}

function rowInput(index: number) {
  const environmentAccountId = accountId(200_000_000_000 + (index % ENVIRONMENT_ACCOUNTS));
  return {
    managementAccountId: accountId(100_000_000_000 + (index % MANAGEMENT_ACCOUNTS)),
    environmentAccountId,
    environmentName: `service-${String(index)}`,
    roleArn: `arn:aws:iam::${environmentAccountId}:role/proton-provisioning`,
    tags: index % 2 === 0 ? [] : tagsOf(index),
  };
}

function tagsOf(index: number) {
  return [
    // Sorted by key, because Proton returns them in that order.
    { key: 'stage', value: STAGES[index % STAGES.length] ?? 'production' },
    { key: 'team', value: `team-${String(index % 40)}` },
  ];
}

function accountId(number: number): AccountId {
  const id = String(number);
  if (!isAccountId(id)) throw new Error(`${id} is not an account id`);
  return id;
}

const DEFAULT_REGION = region('us-east-1');

function region(name: string): Region {
  if (!isRegion(name)) throw new Error(`${name} is not a Region`);
  return name;
}
