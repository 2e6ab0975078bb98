import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';
import fc from 'fast-check';

import { unrestrictedViewer } from '../../src/proton/viewer';
import { useTemporaryFolder } from '../support/folder';
import { createControlPlane, ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { faultsIn } from '../support/written';

/** The number of files written at the same time. */
const LANES = 2;
/** The number of kills of each file's process. */
const KILLS_A_LANE = 20;
/** A kill comes within this many milliseconds after the first write or its acknowledgement. */
const MAX_LIFE_MS = 40;

const folder = useTemporaryFolder();

/** What a client knows about a connection when the process is killed. */
interface Known {
  id?: string;
  tagged?: true;
  accepted?: true;
  deleting?: true;
  deleted?: true;
}

describe(`A store whose process is killed ${String(LANES * KILLS_A_LANE)} times, at any moment of a write`, () => {
  it('has every acknowledged write, no write in part, and returns the same connection for the same token', async () => {
    const seed = Date.now();
    const found = await Promise.all(
      Array.from({ length: LANES }, (_, lane) => killAgainAndAgain(lane, seed + lane)),
    );
    const sound = { seed, faults: [], lost: [], answeredAnew: [] };
    expect(found.map(({ faults, lost, answeredAnew }) => ({ seed, faults, lost, answeredAnew }))).toEqual(
      found.map(() => sound),
    );
    for (const { created } of found) expect(created).toBeGreaterThanOrEqual(KILLS_A_LANE / 2);
  }, 900_000);
});

async function killAgainAndAgain(lane: number, seed: number) {
  const lives = fc.sample(fc.noBias(fc.integer({ min: 0, max: MAX_LIFE_MS })), {
    seed,
    numRuns: KILLS_A_LANE,
  });
  const location = folder.path(`lane-${String(lane)}.db`);
  const known = new Map<string, Known>();
  let next = loadStoreProcess(location, 0);
  for (const [round, life] of lives.entries()) {
    const child = next;
    if (round + 1 < lives.length) next = loadStoreProcess(location, round + 1);
    await lifeOfOne(child, round, life, known);
  }

  const database = new BetterSqlite3(location);
  const find = database.prepare('SELECT id, status, tags FROM connections WHERE environment_name = ?').raw();
  const before = new Map([...known.keys()].map((name) => [name, find.get(name)]));
  const faults = faultsIn(database);
  database.close();
  return {
    faults,
    lost: [...known].filter(([name, acknowledged]) => !agrees(before.get(name), acknowledged)),
    created: [...known.values()].filter(({ id }) => id !== undefined).length,
    answeredAnew: await askAgain(location, before),
  };
}

const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** Starts a process that loads its modules, but opens no file yet, while the previous one still runs. */
function loadStoreProcess(location: string, round: number): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [join(__dirname, 'store-process.js'), location, String(round)]);
  started.add(child);
  return child;
}

/** Lets a process open the store, kills it some milliseconds after its first output, and records its output. */
async function lifeOfOne(
  child: ChildProcessWithoutNullStreams,
  round: number,
  life: number,
  known: Map<string, Known>,
): Promise<void> {
  let said = '';
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      // Every second kill comes after an acknowledgement; the others may come before the first one.
      if (round % 2 === 0 || said.includes('created ')) resolve();
    });
    child.once('close', () => {
      resolve();
    });
  });
  const closed = once(child, 'close');
  child.stdin.end('\n');
  await ready;
  await delay(life);
  child.kill('SIGKILL');
  await closed;
  if (child.signalCode !== 'SIGKILL') throw new Error(`the store ended by itself:\n${said}${complaints}`);
  // An incomplete line does not count.
  for (const line of said.slice(0, said.lastIndexOf('\n')).split('\n')) note(line, known);
}

function note(line: string, known: Map<string, Known>): void {
  const [what = '', name = '', id] = line.split(' ');
  if (what === 'ready') return;
  const acknowledged = known.get(name) ?? {};
  known.set(name, acknowledged);
  if (what === 'created' && id !== undefined) acknowledged.id = id;
  else if (what === 'tagged') acknowledged.tagged = true;
  else if (what === 'accepted') acknowledged.accepted = true;
  else if (what === 'delete') acknowledged.deleting = true;
  else if (what === 'deleted') acknowledged.deleted = true;
  else if (what !== 'create') throw new Error(`the store said: ${line}`);
}

/** Acknowledged writes must be there. Other writes may be. */
function agrees(row: unknown, { id, tagged, accepted, deleting, deleted }: Known): boolean {
  if (row === undefined) return id === undefined || deleting === true;
  if (deleted || !Array.isArray(row)) return false;
  const [foundId, status, tags] = row as readonly unknown[];
  return (
    (id === undefined || id === foundId) &&
    (!tagged || tags !== '[]') &&
    (!accepted || status === 'CONNECTED')
  );
}

/** Every client retries with the same token. Returns the clients that had a connection and got another one. */
async function askAgain(location: string, before: ReadonlyMap<string, unknown>) {
  const { service, store } = createControlPlane({ location, quota: 1_000_000, now: Date.now });
  const session = service.session(unrestrictedViewer('someone'));
  const answers = await Promise.all(
    [...before.keys()].map(async (name) => {
      const { id } = await session.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: name,
        clientToken: name,
      });
      return [name, id] as const;
    }),
  );
  await store.close();
  return answers.filter(([name, id]) => {
    const row = before.get(name);
    return Array.isArray(row) && row[0] !== id;
  });
}
