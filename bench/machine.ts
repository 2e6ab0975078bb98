import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

import { PROJECT } from './project';

/** The machine and the versions that the figures depend on. */
export interface BenchEnvironment {
  /** RFC 3339, in UTC. */
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** The load average of the minute before the run. Far above 0, the machine was busy. */
  readonly loadBefore: number;
  /** Versions by package name. */
  readonly packages: Readonly<Record<string, string>>;
}

/** @param packages those whose versions the figures depend on */
export function describeEnvironment(packages: readonly string[]): BenchEnvironment {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().split('.').slice(0, 2).join('.')}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    packages: Object.fromEntries([...new Set(packages)].sort().map((name) => [name, versionOf(name)])),
  };
}

const packageSchema = z.object({ version: z.string() });

/** Reads the file, because some packages do not export their `package.json`. The bench's packages come before the project's. */
function versionOf(name: string): string {
  const path = [join(PROJECT, 'bench'), PROJECT]
    .map((folder) => join(folder, 'node_modules', name, 'package.json'))
    .find((candidatePath) => existsSync(candidatePath));
  if (path === undefined) throw new Error(`${name} is not installed: npm run bench installs it`);
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return packageSchema.parse(json).version;
}
