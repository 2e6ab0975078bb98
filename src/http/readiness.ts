/** What is well, or a sentence on what is not, for whoever operates the server. */
export type CheckResult = 'ok' | (string & {});

/** What must be well for requests to be sent here, by its name in the answer. */
export type Checks = Readonly<Record<string, () => CheckResult | Promise<CheckResult>>>;

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** A probe waits about a second; what takes longer is not well. */
const MOST_MS = 900;

/**
 * Makes all checks at the same time.
 * @param reportFault is told of a check that throws, which counts as failed
 */
export async function readinessOf(checks: Checks, reportFault: (error: unknown) => void): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<readonly [string, CheckResult]> => {
      try {
        return [name, await inTime(check)];
      } catch (error) {
        reportFault(error);
        return [name, 'could not be checked; the log says why'];
      }
    }),
  );
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) };
}

async function inTime(check: () => CheckResult | Promise<CheckResult>): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(resolve, MOST_MS, `did not answer within ${String(MOST_MS)} ms`);
  });
  try {
    return await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}
