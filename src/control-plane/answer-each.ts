/**
 * Answers many requests with one read. Each request is planned by itself; one that can't be planned answers with its error at
 * its place and keeps none of the others from being read.
 */
export async function answerEach<Request, Plan, Row, Answer>(
  requests: readonly Request[],
  plan: (request: Request) => Plan,
  read: (plans: readonly Plan[]) => Promise<readonly Row[]>,
  answer: (row: Row, plan: Plan) => Answer,
): Promise<readonly (Answer | Error)[]> {
  const plans = requests.map((request) => {
    try {
      return { plan: plan(request) };
    } catch (error) {
      if (error instanceof Error) return { error };
      throw error;
    }
  });
  const sound = plans.flatMap((planned) => ('plan' in planned ? [planned.plan] : []));
  const rows = sound.length === 0 ? [] : await read(sound);
  const rowOf = new Map(sound.map((planned, index) => [planned, rows[index]]));
  return plans.map((planned) => {
    if ('error' in planned) return planned.error;
    const row = rowOf.get(planned.plan);
    return row === undefined ? new Error('the store left a query unanswered') : answer(row, planned.plan);
  });
}
