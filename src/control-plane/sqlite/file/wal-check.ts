import { readFileSync, statSync } from 'node:fs';
import { endianness } from 'node:os';

/** Longer logs are not checked. SQLite moves its log into the database long before; only a large import makes such a long one. */
const MAX_READ_BYTES = 128 * 1024 * 1024;
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The first word of a log. Its last bit is set when checksums read the bytes as big-endian words. */
const MAGIC = 0x377f0682;

/** A checksum. It continues from one frame to the next. */
interface Checksum {
  readonly first: number;
  readonly second: number;
}

/**
 * Whether a write-ahead log (`-wal`) is damaged before its last commits. SQLite stops at the first frame with a wrong checksum and
 * silently drops the rest, as if a crash had cut the last commit. If two complete commits follow the bad frame, it was not a crash:
 * opening the log would lose them.
 *
 * Reads the file format itself, because SQLite has no interface for this: https://www.sqlite.org/fileformat2.html#walformat (format
 * 3007000, unchanged since SQLite 3.7.0). Verified with logs that SQLite 3.53.2 writes (better-sqlite3 12.11.1). `STORE_WAL_CHECK=off`
 * turns it off.
 * @param path of a log whose database this process does not have open
 */
export function isWalDamaged(path: string): boolean {
  const before = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!before || before.size > MAX_READ_BYTES) return false;
  if (!losesCommits(readFileSync(path))) return false;
  // If the log has changed meanwhile, a process has it open and writes to it, and has read it without an error.
  const after = statSync(path, { bigint: true, throwIfNoEntry: false });
  return after?.mtimeNs === before.mtimeNs && after.size === before.size;
}

function losesCommits(log: Buffer): boolean {
  if (log.length < HEADER_BYTES + FRAME_HEADER_BYTES) return false;
  const pageSize = log.readUInt32BE(8);
  const magic = log.readUInt32BE(0);
  const isHeaderValid =
    (magic & ~1) === MAGIC &&
    same(checksumOf(log.subarray(0, 24), (magic & 1) === 1, { first: 0, second: 0 }), checksumAt(log, 24));
  if (!isHeaderValid) return log.length > HEADER_BYTES + FRAME_HEADER_BYTES + 512;
  const bigEndian = (magic & 1) === 1;
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  let previous = checksumAt(log, 24);
  let isBroken = false;
  let commitsInARow = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const stored = checksumAt(log, at + 16);
    const hasSalt = log.compare(log, 16, 24, at + 8, at + 16) === 0;
    const checksum = checksumOf(log.subarray(at, at + 8), bigEndian, previous);
    const isWhole =
      hasSalt &&
      same(stored, checksumOf(log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes), bigEndian, checksum));
    if (!isWhole) {
      isBroken = true;
      commitsInARow = 0;
    } else if (isBroken && log.readUInt32BE(at + 4) !== 0) {
      commitsInARow += 1;
      if (commitsInARow === 2) return true;
    }
    previous = stored;
  }
  return false;
}

function checksumAt(log: Buffer, at: number): Checksum {
  return { first: log.readUInt32BE(at), second: log.readUInt32BE(at + 4) };
}

function same(one: Checksum, other: Checksum): boolean {
  return one.first === other.first && one.second === other.second;
}

function checksumOf(bytes: Buffer, bigEndian: boolean, from: Checksum): Checksum {
  // A copy, because Uint32Array needs aligned bytes; swapped where the byte order differs from this machine's.
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
