import { readFileSync } from 'node:fs';

/** Only Linux has `/proc`. */
export const CAN_READ_PROCESSES = process.platform === 'linux';

/** The unit of the times in `/proc/PID/stat`: Linux reports them in hundredths of a second on every machine. */
const TICK_MS = 10;

/** Positions in `/proc/PID/stat`, counted from after the name: the time in user and in system mode. */
const USER = 11;
const SYSTEM = 12;

/**
 * The CPU time that processes have used since they started, in milliseconds, user and system together.
 * @returns undefined on systems other than Linux
 * @throws when a process has ended
 */
export function cpuTimeOf(pids: readonly number[]): number | undefined {
  if (!CAN_READ_PROCESSES) return undefined;
  return pids
    .map((pid) => valuesOf(pid))
    .reduce((sum, values) => sum + (Number(values[USER]) + Number(values[SYSTEM])) * TICK_MS, 0);
}

/**
 * The memory that processes have in RAM now (their resident sets), in MiB.
 * @returns undefined on systems other than Linux
 * @throws when a process has ended
 */
export function residentMemoryOf(pids: readonly number[]): number | undefined {
  if (!CAN_READ_PROCESSES) return undefined;
  return pids
    .map((pid) => {
      const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
      if (kibibytes === undefined) throw new Error(`process ${String(pid)} has ended`);
      return Number(kibibytes) / 1024;
    })
    .reduce((sum, mebibytes) => sum + mebibytes, 0);
}

/** The values of `/proc/PID/stat` after the name, which is in parentheses and may contain spaces. */
function valuesOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
