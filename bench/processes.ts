import { readdirSync, readFileSync } from 'node:fs';

/** Only Linux has `/proc`. */
export const CAN_READ_PROCESSES = process.platform === 'linux';

/** The unit of the times in `/proc/PID/stat`: Linux reports them in hundredths of a second on every machine. */
const TICK_MS = 10;

/** Positions in `/proc/PID/stat`, counted from after the name: the parent, and the time in user and in system mode. */
const PARENT = 1;
const USER = 11;
const SYSTEM = 12;

/**
 * The CPU time that a process and the processes it started have used since they started, in milliseconds, user and system together.
 * @returns undefined on systems other than Linux
 * @throws when the process has ended
 */
export function cpuTimeOf(pid: number): number | undefined {
  if (!CAN_READ_PROCESSES) return undefined;
  return family(pid)
    .map((one) => statOf(one))
    .reduce((sum, stat) => sum + (Number(stat[USER]) + Number(stat[SYSTEM])) * TICK_MS, 0);
}

/** The process and all that descend from it. */
function family(pid: number): readonly number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  const descendants = (one: number): readonly number[] => [
    one,
    ...(childrenOf.get(one) ?? []).flatMap(descendants),
  ];
  return descendants(pid);
}

/** @returns undefined when the process has ended in the meantime */
function parentOf(pid: number): number | undefined {
  try {
    return Number(statOf(pid)[PARENT]);
  } catch {
    return undefined;
  }
}

/** The values of `/proc/PID/stat` after the name, which is in parentheses and may itself contain any character. */
function statOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
