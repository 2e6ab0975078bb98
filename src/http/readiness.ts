/** `ok`, or a sentence for the operator that says what is wrong. */
export type CheckResult = 'ok' | (string & {});

/** The checks that must pass before this server should receive requests, by their names in the response. */
export type Checks = Readonly<Record<string, () => CheckResult | Promise<CheckResult>>>;

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** Probes usually time out after one second. A check that takes longer than this fails. */
const MAX_CHECK_MS = 900;

/**
 * Runs all checks at the same time.
 * @param reportFault receives the error of a check that throws; the check counts as failed
 */
export async function checkReadiness(
  checks: Checks,
  reportFault: (error: unknown) => void,
): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<readonly [string, CheckResult]> => {
      try {
        return [name, await withTimeout(check)];
      } catch (error) {
        reportFault(error);
        return [name, 'could not be checked; the log says why'];
      }
    }),
  );
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) };
}

async function withTimeout(check: () => CheckResult | Promise<CheckResult>): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(resolve, MAX_CHECK_MS, `did not answer within ${String(MAX_CHECK_MS)} ms`);
  });
  try {
    return await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}
