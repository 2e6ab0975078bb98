import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createEmbeddedProtonService } from '../../src/control-plane/control-plane';
import { openDatabase, type Database } from '../../src/control-plane/postgres/database';
import { feedOn } from '../../src/control-plane/postgres/feed/feed';
import { sequence } from '../../src/control-plane/postgres/feed/sequencer';
import { readsOn } from '../../src/control-plane/postgres/queries/reads';
import { migrate } from '../../src/control-plane/postgres/schema/migrate';
import { writerOn } from '../../src/control-plane/postgres/writes/writer';
import { isAccountId, isRegion } from '../../src/proton/identifiers';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { findPostgres } from './installation';
import { startPostgres } from './server';

/**
 * Records what this version sends to PostgreSQL: the steps of its schema, and its statements while it changes and reads connections.
 * Run it in a release, before the first step of the next version is added; a test then runs that release's statements beside the next
 * version's code.
 *
 * Usage: node -r @swc-node/register scripts/postgres/record-statements.ts
 */
const FILE = join(__dirname, '../../test/control-plane/postgres/previous-version.json');

const MANAGEMENT = '111111111111';
const ENVIRONMENT = '222222222222';

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

void main();

async function main(): Promise<void> {
  const installation = findPostgres();
  const server = await startPostgres(installation, { settings: { fsync: 'off' } });
  const statements: Statement[] = [];
  const { hostname, port, pathname, username, password } = new URL(server.url);
  const database = openDatabase({
    connection: {
      host: hostname,
      port: Number(port),
      database: pathname.slice(1),
      user: username,
      password,
      ssl: false,
    },
    poolSize: 1,
    timeoutMs: 10_000,
    prepare: true,
    trace: (text, values) => statements.push({ text, values }),
  });
  try {
    await migrate(database);
    const recorded: Record<string, readonly Statement[]> = {};
    await useEverything(database, (name) => {
      recorded[name] = statements.splice(0);
    });
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
    writeFileSync(FILE, `${JSON.stringify({ commit, ...recorded }, null, 2)}\n`);
    console.log(`recorded ${commit} in ${FILE}`);
  } finally {
    await database.close();
    await server.stop();
    installation.remove();
  }
}

/** Calls everything that reads or changes connections, one call after another. @param called receives the name of each part */
async function useEverything(database: Database, called: (name: string) => void): Promise<void> {
  const region = 'us-east-1';
  if (!isRegion(region) || !isAccountId(ENVIRONMENT)) throw new Error('not an account and a Region');
  const feed = feedOn(database, { now: Date.now, sequenced: () => undefined });
  const store = {
    ...readsOn(database),
    feed: { ...feed, watch: () => () => undefined },
    write: writerOn({ database, changed: () => undefined, retried: () => undefined }),
    concurrentWrites: 1,
    close: () => Promise.resolve(),
  };
  const settings = { defaultRegion: region, defaultAccountId: ENVIRONMENT, connectionQuota: 1000 };
  const session = createEmbeddedProtonService({ store, settings }).session(unrestrictedViewer('recorded'));
  const asking = (environmentName: string) => ({
    managementAccountId: MANAGEMENT,
    environmentAccountId: ENVIRONMENT,
    environmentName,
    clientToken: `token-of-${environmentName}`,
  });
  called('migrate');

  const kept = await session.createConnection(asking('kept'));
  const removed = await session.createConnection(asking('removed'));
  await session.tagConnection({ id: kept.id, tags: [{ key: 'team', value: 'a' }] });
  called('create');

  await session.acceptConnection({ id: kept.id });
  await session.updateConnection({ id: kept.id, roleArn: `arn:aws:iam::${ENVIRONMENT}:role/proton` });
  await session.rejectConnection({ id: removed.id });
  await session.deleteConnection({ id: removed.id });
  called('change');

  await sequence(database, Date.now());
  await feed.read(0, 100);
  called('feed');

  await session.listConnections([{ first: 20 }, { first: 20, filter: { managementAccountId: MANAGEMENT } }]);
  await session.countConnections([{}]);
  await session.listHistory([{ connection: kept, first: 20 }]);
  await store.findConnections([kept.id], 'every');
  called('read');
}
