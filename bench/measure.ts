import { writeFileSync } from 'node:fs';

import { acceptor, ask, expectAlike, type Answer } from './responses';
import { candidate, CONTESTS, FIXED_BYTES, THIS_SERVER, type Candidate } from './candidates';
import { casesOver, type Case } from './cases';
import type { Options } from './options';
import { fillStore } from './rows';
import { runTrial, type Trial } from './trial';
import type { RunningCandidate, Workspace } from './workspace';

export interface Measurement {
  readonly candidate: Candidate;
  /** One for each round. */
  readonly trials: readonly Trial[];
}

export interface CaseResult {
  readonly subject: Case;
  /** Of the body that this server answers with. */
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

interface Competitor extends RunningCandidate {
  readonly answer: Answer;
}

/** Each case has its candidates started anew, so that none is measured in the state that another case left it in. */
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

  async function startAndAsk(which: Candidate): Promise<Competitor> {
    const serving =
      which.name === FIXED_BYTES
        ? bytes
        : subject.writes
          ? workspace.copyOf(store, `${subject.name}-${which.name}.db`)
          : store;
    const started = await workspace.start(which, serving);
    running.push(started);
    const answer = await ask(which, started.url, subject);
    if (which.name === THIS_SERVER) writeFileSync(bytes, answer.body);
    return { ...started, answer };
  }

  try {
    const competitors: Competitor[] = [];
    const taking = CONTESTS[subject.contest].candidates;
    for (const name of options.candidates) {
      if (taking.includes(name)) competitors.push(await startAndAsk(candidate(name)));
    }
    const answers = competitors.map(({ answer }) => answer);
    expectAlike(subject, answers);

    // The first serial was used up by asking.
    let serial = 0;
    const load = ({ url, answer }: Competitor, seconds: number) =>
      runTrial({
        url,
        seconds,
        connections: options.connections,
        nextBody: () => subject.bodyOf((serial += 1)),
        accepts: acceptor(subject, answer),
      });

    for (const competitor of competitors) {
      if (options.warmUp === 0) break;
      onProgress(`${subject.name}: warming up ${competitor.candidate.title}`);
      await load(competitor, options.warmUp);
    }
    const trials = new Map(competitors.map((competitor) => [competitor, [] as Trial[]]));
    for (let round = 1; round <= options.rounds; round += 1) {
      // Candidates alternate, so that what changes on the machine meanwhile falls on all of them.
      for (const [competitor, done] of trials) {
        onProgress(
          `${subject.name}: round ${String(round)} of ${String(options.rounds)}, ${competitor.candidate.title}`,
        );
        done.push(await load(competitor, options.seconds));
      }
    }
    return {
      subject,
      responseBytes: Buffer.byteLength(answers[0]?.body ?? ''),
      measurements: [...trials].map(([competitor, done]) => ({
        candidate: competitor.candidate,
        trials: done,
      })),
    };
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
}
