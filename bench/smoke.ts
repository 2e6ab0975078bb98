import { writeFileSync } from 'node:fs';

import { candidate, COMPARISONS, FIXED_BYTES } from './candidates';
import { casesOver, type Case } from './cases';
import type { Options } from './options';
import { expectEqualResponses, send, type CandidateResponse } from './responses';
import { fillStore } from './rows';
import type { RunningCandidate, Workspace } from './workspace';

/** Enough for the largest case. */
const ROW_COUNT = 1_000;

/**
 * Sends every case once to every candidate and compares the responses. Measures nothing, so all candidates start once, at the same
 * time, each with its own small store.
 * @returns how many responses were compared
 * @throws ResponseMismatchError
 */
export async function smoke(
  { cases: names, candidates }: Options,
  workspace: Workspace,
  onProgress: (what: string) => void,
): Promise<number> {
  onProgress('filling the store');
  const store = workspace.path('store.db');
  const all = casesOver(await fillStore(store, ROW_COUNT));
  // Reads come first: connections that other cases create would be in their lists.
  const cases = names
    .map((name) => all[name])
    .sort((one, other) => Number(one.writes) - Number(other.writes));

  onProgress('starting');
  const running = await Promise.all(
    candidates
      .filter((name) => name !== FIXED_BYTES && cases.some((each) => isParticipant(each, name)))
      .map((name) => workspace.start(candidate(name), workspace.copyOf(store, `${name}.db`))),
  );
  let compared = 0;
  try {
    for (const subject of cases) {
      onProgress(subject.name);
      const responses: CandidateResponse[] = await Promise.all(
        running
          .filter((one) => isParticipant(subject, one.candidate.name))
          .map((one) => send(one.candidate, one.url, subject)),
      );
      if (candidates.includes(FIXED_BYTES) && isParticipant(subject, FIXED_BYTES)) {
        responses.push(await sendToFixedBytes(subject, responses[0]?.body ?? '', workspace));
      }
      expectEqualResponses(subject, responses);
      compared += responses.length;
    }
    return compared;
  } finally {
    // A graceful stop: a candidate that is killed leaves its control plane running.
    await Promise.all(running.map(({ stop }) => stop()));
  }
}

function isParticipant({ comparison }: Case, name: RunningCandidate['candidate']['name']): boolean {
  return COMPARISONS[comparison].candidates.includes(name);
}

async function sendToFixedBytes(
  subject: Case,
  body: string,
  workspace: Workspace,
): Promise<CandidateResponse> {
  const bytes = workspace.path(`${subject.name}.json`);
  writeFileSync(bytes, body);
  const started = await workspace.start(candidate(FIXED_BYTES), bytes);
  const response = await send(started.candidate, started.url, subject);
  await started.stop();
  return response;
}
