import type { CountedCall } from './metrics';

/** Carries out a call on a port and tells afterwards how long it took and what went wrong. */
export function timing(
  count: (call: CountedCall) => void,
): <Answer>(operation: string, call: () => Promise<Answer>) => Promise<Answer> {
  return async (operation, call) => {
    const begun = performance.now();
    let error: string | undefined;
    try {
      const answer = await call();
      error = failureAmong(answer);
      return answer;
    } catch (thrown) {
      error = codeOf(thrown);
      throw thrown;
    } finally {
      count({ operation, error, durationMs: performance.now() - begun });
    }
  };
}

/** Where many questions are answered at once, the code of the first that failed. */
export function failureAmong(answer: unknown): string | undefined {
  if (!Array.isArray(answer)) return undefined;
  const failed: unknown = answer.find((each) => each instanceof Error);
  return failed === undefined ? undefined : codeOf(failed);
}

/** The code that an expected failure has; what has none was not foreseen. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : 'INTERNAL_SERVER_ERROR';
}
