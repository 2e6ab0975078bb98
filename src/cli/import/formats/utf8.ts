import { isUtf8 } from 'node:buffer';

import { UnreadableError } from './documents';

/** A part of a file that ends with a complete character. */
export interface TextPiece {
  readonly bytes: Buffer;
  /** The line in which it begins, counted from 1. */
  readonly line: number;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Splits a stream of bytes into pieces of complete characters, without a byte order mark.
 * @throws UnreadableError when the bytes are not UTF-8
 */
export async function* utf8Text(chunks: AsyncIterable<Buffer>): AsyncGenerator<TextPiece> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  let started = false;
  for await (const chunk of chunks) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!started) {
      if (bytes.length < BOM.length) {
        rest = bytes;
        continue;
      }
      bytes = withoutByteOrderMark(bytes);
      started = true;
    }
    const end = lengthOfCompleteCharacters(bytes);
    rest = bytes.subarray(end);
    const piece = bytes.subarray(0, end);
    checkUtf8(piece, line);
    if (piece.length > 0) yield { bytes: piece, line };
    line += linesIn(piece);
  }
  const last = started ? rest : withoutByteOrderMark(rest);
  checkUtf8(last, line);
  if (last.length > 0) yield { bytes: last, line };
}

function withoutByteOrderMark(bytes: Buffer): Buffer {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new UnreadableError(
      'is UTF-16, as a redirection in Windows PowerShell writes it; save it as UTF-8',
    );
  }
  return bytes.subarray(0, BOM.length).equals(BOM) ? bytes.subarray(BOM.length) : bytes;
}

/** The length of the bytes without an incomplete character at their end. */
function lengthOfCompleteCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

function checkUtf8(bytes: Buffer, line: number): void {
  if (isUtf8(bytes)) return;
  // Find the invalid line. In UTF-8, a line feed is never part of another character.
  let invalidLine = line;
  for (let start = 0; start < bytes.length; invalidLine += 1) {
    const end = bytes.indexOf(LINE_FEED, start);
    const stop = end === -1 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, stop))) break;
    start = stop;
  }
  throw new UnreadableError(`is not UTF-8 in line ${String(invalidLine)}`);
}

const LINE_FEED = 0x0a;

export function linesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}
