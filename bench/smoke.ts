import { writeFileSync } from 'node:fs';

import { openSqliteStore } from '../src/control-plane/sqlite/sqlite-store';
import { candidate, FIXED_BYTES, isOnPostgres, type CandidateName } from './candidates';
import { CASES, rowsOf, type Case } from './cases';
import { participates } from './measure';
import type { Options } from './options';
import { send } from './responses';
import { fillStore } from './rows';
import type { RunningCandidate, Workspace } from './workspace';

/** Enough for the largest case, and for full pages of each list. */
const ROW_COUNT = 2_000;

/**
 * Sends the first requests of every case to every candidate and checks the responses. Measures nothing, so all candidates run in one
 * process, each with its own small store.
 * @returns how many responses were checked
 * @throws ResponseMismatchError, HostError
 */
export async function smoke(
  { cases: names, candidates }: Options,
  workspace: Workspace,
  onProgress: (what: string) => void,
): Promise<number> {
  onProgress('filling the store');
  const rows = rowsOf(ROW_COUNT);
  const store = workspace.path('store.db');
  await fillStore(openSqliteStore({ location: store }), rows.connections);
  // Cases that only read come first: connections that other cases create would be in their lists.
  const cases = names
    .map((name) => CASES[name])
    .sort((one, other) => Number(one.writes) - Number(other.writes));

  async function databaseFor(name: CandidateName): Promise<string> {
    const databases = await workspace.databases();
    await databases.fill('rows', rows.connections);
    return databases.copyOf('rows', name);
  }

  onProgress('starting');
  const host = workspace.host('the process of all candidates');
  const hostFor = () => host;
  const running = new Map<CandidateName, RunningCandidate>();
  for (const name of candidates) {
    if (name === FIXED_BYTES || !cases.some((each) => participates(each, name))) continue;
    const url = isOnPostgres(name) ? databaseFor(name) : workspace.copyOf(store, `${name}.db`);
    running.set(name, await workspace.start(candidate(name), await url, hostFor));
  }
  const servicesUrl = cases.some(isThroughGateway) ? await workspace.startServices(hostFor) : undefined;
  const gateways = new Map<CandidateName, Promise<string>>();
  async function urlFor(subject: Case, server: RunningCandidate): Promise<string> {
    if (!isThroughGateway(subject) || servicesUrl === undefined) return server.url;
    const { name } = server.candidate;
    const gateway =
      gateways.get(name) ?? workspace.startGateway(server, servicesUrl, hostFor).then(({ url }) => url);
    gateways.set(name, gateway);
    return gateway;
  }

  let checked = 0;
  for (const subject of cases) {
    onProgress(subject.name);
    let body = '';
    for (const [name, server] of running) {
      if (!participates(subject, name)) continue;
      const url = await urlFor(subject, server);
      const traffic = subject.traffic(rows);
      // In a mixed case, the second request is the first that writes.
      for (let count = subject.constant ? 1 : 2; count > 0; count -= 1) {
        body = await send(server.candidate, url, subject.name, traffic());
        checked += 1;
      }
    }
    if (candidates.includes(FIXED_BYTES) && participates(subject, FIXED_BYTES)) {
      const bodyFile = workspace.path(`${subject.name}.json`);
      writeFileSync(bodyFile, body);
      const fixed = await workspace.start(candidate(FIXED_BYTES), bodyFile, hostFor);
      await send(fixed.candidate, fixed.url, subject.name, subject.traffic(rows)());
      checked += 1;
    }
  }
  await workspace.stopAll();
  return checked;
}

function isThroughGateway({ comparison }: Case): boolean {
  return comparison === 'gateways';
}
