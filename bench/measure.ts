import { writeFileSync } from 'node:fs';

import { openSqliteStore } from '../src/control-plane/sqlite/sqlite-store';
import { candidate, COMPARISONS, FIXED_BYTES, isOnPostgres, type Candidate } from './candidates';
import {
  CASES,
  rowsOf,
  STORES,
  type Case,
  type Exchange,
  type Rows,
  type StoreName,
  type Traffic,
} from './cases';
import type { Host } from './host';
import type { Options } from './options';
import { cpuTimeOf, residentMemoryOf } from './processes';
import { isExpected, send } from './responses';
import { fillStore } from './rows';
import { runTrial, type CpuTimes, type Trial } from './trial';
import type { RunningCandidate, Workspace } from './workspace';

export interface Measurement<Round = Trial> {
  readonly candidate: Candidate;
  /** One for each round. */
  readonly trials: readonly Round[];
}

export interface LoadResult {
  readonly kind: 'load';
  readonly subject: Case;
  /** Requests in flight at a time. */
  readonly connections: number;
  /** The size of this server's first response body. */
  readonly responseBytes: number;
  readonly measurements: readonly Measurement[];
}

export interface StartResult {
  readonly kind: 'start';
  readonly subject: Case;
  readonly measurements: readonly Measurement<StartTrial>[];
}

export type CaseResult = LoadResult | StartResult;

/** One start of a process. Values that this system does not report are undefined. */
export interface StartTrial {
  /** From the start of the process until its first response, in milliseconds. */
  readonly startMs: number;
  /** The CPU time of the process until then, in milliseconds, user and system together. */
  readonly cpuMs: number | undefined;
  /** The memory in RAM after the first response, in MiB. */
  readonly startedMiB: number | undefined;
  /** The memory in RAM after the load that follows. */
  readonly loadedMiB: number | undefined;
}

/** A filled store that no process has open. */
interface FilledStore {
  readonly name: StoreName;
  readonly path: string;
  readonly rows: Rows;
}

/**
 * Measures every case, and reports progress to `onProgress`.
 * @param onResult receives each result as soon as it is there, so that a later failure does not lose it
 */
export async function measure(
  options: Options,
  workspace: Workspace,
  onProgress: (what: string) => void,
  onResult: (result: CaseResult) => void,
): Promise<void> {
  const stores = new Map<StoreName, FilledStore>();
  async function filled(name: StoreName): Promise<FilledStore> {
    const known = stores.get(name);
    if (known) return known;
    onProgress(`filling a store with ${STORES[name].toLocaleString('en-US')} connections`);
    const store = { name, path: workspace.path(`${name}.db`), rows: rowsOf(STORES[name]) };
    await fillStore(openSqliteStore({ location: store.path }), store.rows.connections);
    stores.set(name, store);
    return store;
  }

  for (const name of options.cases) {
    const subject = CASES[name];
    const run: CaseRun = {
      subject,
      store: await filled(subject.store),
      candidates: options.candidates.filter((one) => participates(subject, one)).map((one) => candidate(one)),
      options,
      workspace,
      onProgress: (what) => {
        onProgress(`${subject.name}: ${what}`);
      },
    };
    onResult(await (subject.comparison === 'starts' ? measureStarts(run) : measureLoad(run)));
  }
}

/** Whether a candidate takes part in a case. */
export function participates({ comparison, constant, without }: Case, name: Candidate['name']): boolean {
  if (without?.includes(name)) return false;
  return COMPARISONS[comparison].candidates.includes(name) && (constant || name !== FIXED_BYTES);
}

interface CaseRun {
  readonly subject: Case;
  readonly store: FilledStore;
  readonly candidates: readonly Candidate[];
  readonly options: Options;
  readonly workspace: Workspace;
  readonly onProgress: (what: string) => void;
}

/** A candidate in a case. */
interface Participant {
  readonly candidate: Candidate;
  /** Where requests go: the candidate, or the gateway in front of it. */
  readonly urls: readonly string[];
  readonly hosts: readonly Host[];
  readonly gateway: Host | undefined;
  readonly traffic: Traffic;
  readonly accepts: (exchange: Exchange, body: string) => boolean;
}

/** Starts the candidates anew for each case, so that no case depends on the ones before it. */
async function measureLoad(run: CaseRun): Promise<LoadResult> {
  const { subject, candidates, options, workspace, onProgress } = run;
  const connections = subject.connections ?? options.connections;
  try {
    onProgress('starting');
    const { participants, firstBody } = await startParticipants(run);
    const load = (participant: Participant, seconds: number) =>
      runTrial({
        ...participant,
        title: titleOf(subject, participant.candidate),
        seconds,
        connections,
        cpuTimes: () => cpuTimesOf(participant),
        memory: () => residentMemoryOf(participant.hosts.map(({ pid }) => pid)),
        ended: Promise.race([...participant.hosts, participant.gateway].map((host) => host?.ended ?? NEVER)),
      });

    for (const participant of participants) {
      if (options.warmUp === 0) break;
      onProgress(`warming up ${participant.candidate.title}`);
      await load(participant, options.warmUp);
    }
    const trials = await inTurns(participants, options, (participant, round) => {
      onProgress(`${round}, ${participant.candidate.title}`);
      return load(participant, options.seconds);
    });
    return {
      kind: 'load',
      subject,
      connections,
      responseBytes: Buffer.byteLength(firstBody),
      measurements: candidates.map((each, index) => ({ candidate: each, trials: trials[index] ?? [] })),
    };
  } finally {
    await workspace.stopAll();
  }
}

/** How messages name a trial. */
function titleOf({ name }: Case, { title }: Candidate): string {
  return `"${name}" of ${title}`;
}

const NEVER = new Promise<never>(() => undefined);

/** Starts all candidates and checks their first response. */
async function startParticipants({ subject, store, candidates, workspace }: CaseRun): Promise<{
  readonly participants: readonly Participant[];
  /** The first candidate's first response. */
  readonly firstBody: string;
}> {
  const shared = subject.writes ? undefined : workspace.copyOf(store.path, 'shared.db');
  const servicesUrl = subject.comparison === 'gateways' ? await workspace.startServices() : undefined;
  const bodyFile = workspace.path('body.json');
  const participants: Participant[] = [];
  let firstBody: string | undefined;

  async function serve(each: Candidate): Promise<RunningCandidate> {
    if (each.name === FIXED_BYTES) return workspace.start(each, bodyFile);
    if (isOnPostgres(each.name)) {
      const databases = await workspace.databases();
      await databases.fill(store.name, store.rows.connections);
      const url = subject.writes ? databases.copyOf(store.name, each.name) : databases.urlOf(store.name);
      return workspace.start(each, await url);
    }
    return workspace.start(each, shared ?? workspace.copyOf(store.path, `${each.name}.db`));
  }

  for (const each of candidates) {
    const running = await serve(each);
    const gateway =
      servicesUrl === undefined ? undefined : await workspace.startGateway(running, servicesUrl);
    const urls = gateway ? [gateway.url] : running.urls;
    const traffic = subject.traffic(store.rows);
    const fixed = each.name === FIXED_BYTES ? firstBody : undefined;
    const body = await send(each, urls[0] ?? '', subject.name, traffic());
    if (firstBody === undefined) writeFileSync(bodyFile, body);
    firstBody ??= body;
    participants.push({
      candidate: each,
      urls,
      hosts: running.hosts,
      gateway: gateway?.host,
      traffic,
      accepts: fixed === undefined ? isExpected : (_exchange, text) => text === fixed,
    });
  }
  return { participants, firstBody: firstBody ?? '' };
}

function cpuTimesOf({ hosts, gateway }: Participant): CpuTimes {
  return {
    server: cpuTimeOf(hosts.map(({ pid }) => pid)),
    gateway: gateway && cpuTimeOf([gateway.pid]),
  };
}

/** Candidates take turns, so that other load on the machine affects all of them. Returns the trials of each. */
async function inTurns<Item, Round>(
  items: readonly Item[],
  { rounds }: Options,
  tryOnce: (item: Item, round: string) => Promise<Round>,
): Promise<readonly (readonly Round[])[]> {
  const trials = items.map((): Round[] => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, item] of items.entries()) {
      trials[index]?.push(await tryOnce(item, `round ${String(round)} of ${String(rounds)}`));
    }
  }
  return trials;
}

/** Starts each candidate in each round, with its own copy of the store, so that each opens the same bytes. */
async function measureStarts(run: CaseRun): Promise<StartResult> {
  const { subject, candidates, options, onProgress } = run;
  // Reads all files into the system's cache, so that the first round is like the others.
  onProgress('starting each candidate once');
  for (const each of candidates) await startOnce(run, each, 0);
  const trials = await inTurns(candidates, options, (each, round) => {
    onProgress(`${round}, ${each.title}`);
    return startOnce(run, each, options.seconds);
  });
  return {
    kind: 'start',
    subject,
    measurements: candidates.map((each, index) => ({ candidate: each, trials: trials[index] ?? [] })),
  };
}

/** @param seconds how long the load lasts; 0 for none */
async function startOnce(
  { subject, store, options, workspace }: CaseRun,
  each: Candidate,
  seconds: number,
): Promise<StartTrial> {
  const copy = workspace.copyOf(store.path, 'start.db');
  const traffic = subject.traffic(store.rows);
  try {
    const startedAt = performance.now();
    const { url, hosts } = await workspace.start(each, copy);
    await send(each, url, subject.name, traffic());
    const startMs = performance.now() - startedAt;
    const pids = hosts.map(({ pid }) => pid);
    const memory = () => residentMemoryOf(pids);
    const started = { startMs, cpuMs: cpuTimeOf(pids), startedMiB: memory() };
    let loadedMiB = started.startedMiB;
    if (seconds > 0) {
      ({ memoryMiB: loadedMiB } = await runTrial({
        title: titleOf(subject, each),
        urls: [url],
        seconds,
        connections: options.connections,
        traffic,
        accepts: isExpected,
        cpuTimes: () => ({ server: undefined, gateway: undefined }),
        memory,
        ended: Promise.race(hosts.map(({ ended }) => ended)),
      }));
    }
    return { ...started, loadedMiB };
  } finally {
    await workspace.stopAll();
  }
}
