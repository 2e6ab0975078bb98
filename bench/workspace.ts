import { constants, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { FIXED_BYTES, isOverSdk, POSTGRES_TWO_REPLICAS, type Candidate } from './candidates';
import type { Environment } from './candidates/start';
import { compileCandidates } from './compile-candidates';
import { startHost, type Host } from './host';
import { startDatabases, type Databases } from './databases';
import { PROJECT } from './project';

export interface RunningCandidate {
  readonly candidate: Candidate;
  readonly url: string;
  /** The URLs that share the load. */
  readonly urls: readonly string[];
  /** The processes whose work counts as the candidate's. */
  readonly hosts: readonly Host[];
}

/** The files and processes of one run. */
export interface Workspace {
  /** The path of a file in the workspace. */
  readonly path: (name: string) => string;
  /**
   * Copies the file of a SQLite store that no process has open. Replaces an earlier copy with the same name.
   * @returns the copy's DATABASE_URL
   */
  readonly copyOf: (store: string, name: string) => string;
  /** The databases on PostgreSQL. The first call starts a server. */
  readonly databases: () => Promise<Databases>;
  /** Starts a process for candidates. */
  readonly host: (title: string) => Host;
  /**
   * Starts a candidate, each of its parts in a process from `hostFor`. Resolves when it accepts requests.
   * @param serving the DATABASE_URL, or the file with the fixed response
   * @throws HostError
   */
  readonly start: (candidate: Candidate, serving: string, hostFor?: HostFor) => Promise<RunningCandidate>;
  /** Starts the other subgraph that federated queries need. Resolves with its URL. */
  readonly startServices: (hostFor?: HostFor) => Promise<string>;
  /** Starts a gateway in front of a candidate and the other subgraph. */
  readonly startGateway: (
    subgraph: RunningCandidate,
    servicesUrl: string,
    hostFor?: HostFor,
  ) => Promise<{ readonly url: string; readonly host: Host }>;
  /** Kills all processes. */
  readonly stopAll: () => Promise<void>;
  /** Kills all processes, without waiting for their end, and removes all files. */
  readonly close: () => void;
}

/** @param title what will run in the process */
export type HostFor = (title: string) => Host;

const ENVIRONMENT: Environment = {
  NODE_ENV: 'production',
  PORT: '0',
  ADMIN_PORT: '0',
  PROTON_ENDPOINT_PORT: 'off',
};

export function createWorkspace(): Workspace {
  // Inside the project, because the system's temporary folder can be in memory, where a durable write is free.
  const parent = join(PROJECT, 'bench', 'data');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'run-'));
  const script = join(compileCandidates(folder), 'run.js');
  const hosts = new Set<Host>();
  let databases: Promise<Databases> | undefined;
  let started = 0;

  function host(title: string): Host {
    started += 1;
    const one = startHost({ script, title, cwd: PROJECT, log: join(folder, `${String(started)}.log`) });
    hosts.add(one);
    return one;
  }

  async function stopAll(): Promise<void> {
    await Promise.all([...hosts].map(({ stop }) => stop()));
    hosts.clear();
    for (let number = 1; number <= started; number += 1) {
      rmSync(join(folder, `${String(number)}.log`), { force: true });
    }
  }

  return {
    path: (name) => join(folder, name),

    copyOf(store, name) {
      const copy = join(folder, name);
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true });
      // Shares the bytes until they change, where the file system can.
      copyFileSync(store, copy, constants.COPYFILE_FICLONE);
      return `sqlite:${copy}`;
    },

    databases: () => (databases ??= startDatabases(folder)),

    host,

    async start(candidate, serving, hostFor = host) {
      const { name, title, file } = candidate;
      if (name === FIXED_BYTES) {
        const only = hostFor(title);
        const { url } = await only.start(name, { BODY_FILE: serving });
        return { candidate, url, urls: [url], hosts: [only] };
      }
      const environment = { ...ENVIRONMENT, DATABASE_URL: serving };
      if (!isOverSdk(name)) {
        const replicas = name === POSTGRES_TWO_REPLICAS ? [hostFor(title), hostFor(title)] : [hostFor(title)];
        const served = await Promise.all(replicas.map((replica) => replica.start(file, environment)));
        const urls = served.map(({ url }) => url);
        return { candidate, url: urls[0] ?? '', urls, hosts: replicas };
      }
      const controlPlane = hostFor(`the control plane of ${title}`);
      const { protonEndpoint = '' } = await controlPlane.start('this-server', {
        ...environment,
        PROTON_ENDPOINT_PORT: '0',
      });
      const adapter = hostFor(title);
      const { url } = await adapter.start(file, { ...ENVIRONMENT, PROTON_UPSTREAM: protonEndpoint });
      return { candidate, url, urls: [url], hosts: [adapter, controlPlane] };
    },

    async startServices(hostFor = host) {
      const { url } = await hostFor('the services').start('services', {});
      return url;
    },

    async startGateway({ candidate: { title }, url }, servicesUrl, hostFor = host) {
      const gateway = hostFor(`the gateway of ${title}`);
      const served = await gateway.start('gateway', { PROTON_URL: url, SERVICES_URL: servicesUrl });
      return { url: served.url, host: gateway };
    },

    stopAll,

    close() {
      for (const { stop } of hosts) void stop();
      void databases?.then(({ stop }) => stop());
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
