import { writeFileSync } from 'node:fs';

import { acceptor, expectEqualResponses, send, type CandidateResponse } from './responses';
import { candidate, COMPARISONS, FIXED_BYTES, THIS_SERVER, type Candidate } from './candidates';
import { casesOver, type Case } from './cases';
import type { Options } from './options';
import { fillStore } from './rows';
import { cpuTimeOf } from './processes';
import { runTrial, type Trial } from './trial';
import type { RunningCandidate, Workspace } from './workspace';

export interface Measurement {
  readonly candidate: Candidate;
  /** One for each round. */
  readonly trials: readonly Trial[];
}

export interface CaseResult {
  readonly subject: Case;
  /** The size of this server's response body. */
  readonly responseBytes: number;
  readonly measurements: readonly Measurement[];
}

/** Measures every case, and reports progress to `onProgress`. */
export async function measure(
  options: Options,
  workspace: Workspace,
  onProgress: (what: string) => void,
): Promise<readonly CaseResult[]> {
  onProgress('filling the store');
  const store = workspace.path('store.db');
  const cases = casesOver(await fillStore(store));
  const results: CaseResult[] = [];
  for (const name of options.cases) {
    results.push(await measureCase(cases[name], store, options, workspace, onProgress));
  }
  return results;
}

interface Participant extends RunningCandidate {
  readonly response: CandidateResponse;
}

/** Starts the candidates anew for each case, so that no case depends on the ones before it. */
async function measureCase(
  subject: Case,
  store: string,
  options: Options,
  workspace: Workspace,
  onProgress: (what: string) => void,
): Promise<CaseResult> {
  onProgress(`${subject.name}: starting`);
  const bytes = workspace.path(`${subject.name}.json`);
  const running: RunningCandidate[] = [];

  async function startAndSend(which: Candidate): Promise<Participant> {
    const serving =
      which.name === FIXED_BYTES
        ? bytes
        : subject.writes
          ? workspace.copyOf(store, `${subject.name}-${which.name}.db`)
          : store;
    const started = await workspace.start(which, serving);
    running.push(started);
    const response = await send(which, started.url, subject);
    if (which.name === THIS_SERVER) writeFileSync(bytes, response.body);
    return { ...started, response };
  }

  try {
    const participants: Participant[] = [];
    const { candidates } = COMPARISONS[subject.comparison];
    for (const name of options.candidates) {
      if (candidates.includes(name)) participants.push(await startAndSend(candidate(name)));
    }
    const responses = participants.map(({ response }) => response);
    expectEqualResponses(subject, responses);

    // `send` has used serial 0.
    let serial = 0;
    const load = ({ url, pid, response }: Participant, seconds: number) =>
      runTrial({
        url,
        seconds,
        connections: options.connections,
        nextBody: () => subject.bodyOf((serial += 1)),
        accepts: acceptor(subject, response),
        cpuTime: () => cpuTimeOf(pid),
      });

    for (const participant of participants) {
      if (options.warmUp === 0) break;
      onProgress(`${subject.name}: warming up ${participant.candidate.title}`);
      await load(participant, options.warmUp);
    }
    const trials = new Map(participants.map((participant) => [participant, [] as Trial[]]));
    for (let round = 1; round <= options.rounds; round += 1) {
      // Candidates take turns, so that other load on the machine affects all of them.
      for (const [participant, done] of trials) {
        onProgress(
          `${subject.name}: round ${String(round)} of ${String(options.rounds)}, ${participant.candidate.title}`,
        );
        done.push(await load(participant, options.seconds));
      }
    }
    return {
      subject,
      responseBytes: Buffer.byteLength(responses[0]?.body ?? ''),
      measurements: [...trials].map(([participant, done]) => ({
        candidate: participant.candidate,
        trials: done,
      })),
    };
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
}
