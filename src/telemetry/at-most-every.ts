/** Asks no more often than once in a while; in between, what was answered last is good enough. A failure is not remembered. */
export function atMostEvery<Answer>(
  pauseMs: number,
  ask: () => Promise<Answer>,
  now: () => number = () => performance.now(),
): () => Promise<Answer> {
  let latest: { readonly at: number; readonly answer: Promise<Answer> } | undefined;
  return () => {
    if (latest && now() - latest.at < pauseMs) return latest.answer;
    const asked = { at: now(), answer: ask() };
    latest = asked;
    asked.answer.catch(() => {
      if (latest === asked) latest = undefined;
    });
    return asked.answer;
  };
}
