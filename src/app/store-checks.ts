import type { CheckResult, Checks } from '../http/readiness';
import type { StoreHealth } from '../control-plane/store-health';

/** The checks of a store, which says in one answer what is wrong with it and with which part. */
export function storeChecks(health: () => Promise<StoreHealth>): Checks {
  let asked: Promise<StoreHealth> | undefined;
  /** All checks are made at the same time, so that one answer serves both. */
  const ask = () =>
    (asked ??= health().finally(() => {
      asked = undefined;
    }));
  const partIsWell = async (part: 'store' | 'migrations'): Promise<CheckResult> => {
    const state = await ask();
    return state.ok || state.part !== part ? 'ok' : state.reason;
  };
  return { store: () => partIsWell('store'), migrations: () => partIsWell('migrations') };
}
