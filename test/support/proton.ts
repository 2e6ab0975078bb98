import {
  createEmbeddedProtonService,
  type EmbeddedProtonService,
} from '../../src/control-plane/control-plane';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import type { Store } from '../../src/control-plane/store';
import { isAccountId, isRegion, type AccountId, type Region } from '../../src/proton/identifiers';
import { asyncStore } from './async-store';

export function account(id: string): AccountId {
  if (!isAccountId(id)) throw new Error(`${id} is not an account id`);
  return id;
}

export function region(name: string): Region {
  if (!isRegion(name)) throw new Error(`${name} is not a Region`);
  return name;
}

export const MANAGEMENT = account('111111111111');
export const ENVIRONMENT = account('222222222222');
export const STRANGER = account('333333333333');

/** Where test clocks start; it differs from the real time. */
export const START = Date.UTC(2026, 10, 22, 9, 30);

/** A clock that only `advance` moves. */
export interface Clock {
  readonly now: () => number;
  readonly advance: (milliseconds: number) => void;
}

export function createClock(): Clock {
  let at = START;
  return {
    now: () => at,
    advance: (milliseconds) => {
      at += milliseconds;
    },
  };
}

export interface ControlPlane {
  readonly service: EmbeddedProtonService;
  readonly store: Store;
  readonly clock: Clock;
}

export interface ControlPlaneOptions {
  readonly quota?: number;
  readonly location?: string;
  readonly trace?: (statement: string) => void;
  readonly lockTimeoutMs?: number;
  /** Whether the control plane waits for its store, as for a database in another process. */
  readonly waitsForStore?: boolean;
  /** Milliseconds since the epoch; by default the control plane's own clock. */
  readonly now?: () => number;
}

/** Creates a real control plane with a real, empty store. */
export function createControlPlane({
  quota = 1000,
  location = ':memory:',
  trace,
  lockTimeoutMs,
  waitsForStore = false,
  now,
}: ControlPlaneOptions = {}): ControlPlane {
  const store = openSqliteStore({ location, trace, lockTimeoutMs });
  const clock = createClock();
  const settings = {
    defaultRegion: region('us-east-1'),
    defaultAccountId: account('000000000000'),
    connectionQuota: quota,
  };
  const service = createEmbeddedProtonService({
    store: waitsForStore ? asyncStore(store) : store,
    settings,
    now: now ?? clock.now,
  });
  return { service, store, clock };
}
