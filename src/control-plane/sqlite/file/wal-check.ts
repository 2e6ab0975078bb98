import { readFileSync, statSync } from 'node:fs';
import { endianness } from 'node:os';

/** Longer logs are not read: SQLite moves its log into the database long before, and only a large import makes such a one. */
const LONGEST_READ_BYTES = 128 * 1024 * 1024;
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** "What is checked is in big-endian words" is said by the last bit of the first word. */
const MAGIC = 0x377f0682;

/** Two running sums, and so the state of a check that goes on from frame to frame. */
interface Sums {
  readonly first: number;
  readonly second: number;
}

/**
 * Whether what was committed stands in a log behind a place that is damaged. SQLite reads a log up to the first frame that is not
 * whole and takes the rest for what a crash left of the last commit; it would be lost without a word. A commit that another one
 * follows was no last one, so where two of them stand behind such a place, it is damage.
 * From the file format: https://www.sqlite.org/fileformat2.html#walformat
 * @param path of a log beside a database that this process does not have open
 */
export function isLogDamaged(path: string): boolean {
  const before = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!before || before.size > LONGEST_READ_BYTES) return false;
  if (!losesCommits(readFileSync(path))) return false;
  // A process that has the log open may have written to it while it was read here; then that process vouches for it.
  const after = statSync(path, { bigint: true, throwIfNoEntry: false });
  return after?.mtimeNs === before.mtimeNs && after.size === before.size;
}

function losesCommits(log: Buffer): boolean {
  if (log.length < HEADER_BYTES + FRAME_HEADER_BYTES) return false;
  const pageSize = log.readUInt32BE(8);
  const magic = log.readUInt32BE(0);
  const headerIsWhole =
    (magic & ~1) === MAGIC &&
    same(sumsOf(log.subarray(0, 24), (magic & 1) === 1, { first: 0, second: 0 }), sumsAt(log, 24));
  if (!headerIsWhole) return log.length > HEADER_BYTES + FRAME_HEADER_BYTES + 512;
  const bigEndian = (magic & 1) === 1;
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  let previous = sumsAt(log, 24);
  let broken = false;
  let commitsInARow = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const stored = sumsAt(log, at + 16);
    const ofThisLog = log.compare(log, 16, 24, at + 8, at + 16) === 0;
    const sums = sumsOf(log.subarray(at, at + 8), bigEndian, previous);
    const whole =
      ofThisLog &&
      same(stored, sumsOf(log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes), bigEndian, sums));
    if (!whole) {
      broken = true;
      commitsInARow = 0;
    } else if (broken && log.readUInt32BE(at + 4) !== 0) {
      commitsInARow += 1;
      if (commitsInARow === 2) return true;
    }
    previous = stored;
  }
  return false;
}

function sumsAt(log: Buffer, at: number): Sums {
  return { first: log.readUInt32BE(at), second: log.readUInt32BE(at + 4) };
}

function same(one: Sums, other: Sums): boolean {
  return one.first === other.first && one.second === other.second;
}

function sumsOf(bytes: Buffer, bigEndian: boolean, from: Sums): Sums {
  // A copy, so that words begin where they must; turned round where this machine counts bytes the other way.
  const copy = Buffer.from(bytes);
  if (bigEndian !== (endianness() === 'BE')) copy.swap32();
  const words = new Uint32Array(copy.buffer, copy.byteOffset, copy.length / 4);
  let { first, second } = from;
  for (let index = 0; index < words.length; index += 2) {
    first = (first + (words[index] ?? 0) + second) >>> 0;
    second = (second + (words[index + 1] ?? 0) + first) >>> 0;
  }
  return { first, second };
}
