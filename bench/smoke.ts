import { writeFileSync } from 'node:fs';

import { candidate, CONTESTS, FIXED_BYTES } from './candidates';
import { casesOver, type Case } from './cases';
import type { Options } from './options';
import { ask, expectAlike, type Answer } from './responses';
import { fillStore } from './rows';
import type { RunningCandidate, Workspace } from './workspace';

/** Enough for the largest case. */
const ROW_COUNT = 1_000;

/**
 * Sends every case once to every candidate and compares the responses. Nothing is timed, so each candidate is started once, over a
 * small store of its own, and all of them at the same time.
 * @returns how many responses were compared
 * @throws AnswerError
 */
export async function smoke(
  { cases: names, candidates }: Options,
  workspace: Workspace,
  onProgress: (what: string) => void,
): Promise<number> {
  onProgress('filling the store');
  const store = workspace.path('store.db');
  const all = casesOver(await fillStore(store, ROW_COUNT));
  // Reads come first: what a case writes would show in the lists of others.
  const cases = names
    .map((name) => all[name])
    .sort((one, other) => Number(one.writes) - Number(other.writes));

  onProgress('starting');
  const running = await Promise.all(
    candidates
      .filter((name) => name !== FIXED_BYTES && cases.some((each) => takesPart(each, name)))
      .map((name) => workspace.start(candidate(name), workspace.copyOf(store, `${name}.db`))),
  );
  let compared = 0;
  try {
    for (const subject of cases) {
      onProgress(subject.name);
      const answers: Answer[] = await Promise.all(
        running
          .filter((one) => takesPart(subject, one.candidate.name))
          .map((one) => ask(one.candidate, one.url, subject)),
      );
      if (candidates.includes(FIXED_BYTES) && takesPart(subject, FIXED_BYTES)) {
        answers.push(await askFixedBytes(subject, answers[0]?.body ?? '', workspace));
      }
      expectAlike(subject, answers);
      compared += answers.length;
    }
    return compared;
  } finally {
    // In order: a candidate that is killed leaves its control plane running.
    await Promise.all(running.map(({ stop }) => stop()));
  }
}

function takesPart({ contest }: Case, name: RunningCandidate['candidate']['name']): boolean {
  return CONTESTS[contest].candidates.includes(name);
}

async function askFixedBytes(subject: Case, body: string, workspace: Workspace): Promise<Answer> {
  const bytes = workspace.path(`${subject.name}.json`);
  writeFileSync(bytes, body);
  const started = await workspace.start(candidate(FIXED_BYTES), bytes);
  const answer = await ask(started.candidate, started.url, subject);
  await started.stop();
  return answer;
}
