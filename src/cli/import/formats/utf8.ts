import { isUtf8 } from 'node:buffer';

import { UnreadableError } from './documents';

/** A piece of a file that ends with a whole character, and where it begins. */
export interface TextPiece {
  readonly bytes: Buffer;
  /** The line that it begins in, counted from 1. */
  readonly line: number;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Cuts a stream of bytes into pieces of whole characters, without a byte order mark.
 * @throws UnreadableError where the bytes are not UTF-8
 */
export async function* utf8Text(chunks: AsyncIterable<Buffer>): AsyncGenerator<TextPiece> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  let began = false;
  for await (const chunk of chunks) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!began) {
      if (bytes.length < BOM.length) {
        rest = bytes;
        continue;
      }
      bytes = afterMark(bytes);
      began = true;
    }
    const end = endOfWholeCharacters(bytes);
    rest = bytes.subarray(end);
    const piece = bytes.subarray(0, end);
    check(piece, line);
    if (piece.length > 0) yield { bytes: piece, line };
    line += linesIn(piece);
  }
  const last = began ? rest : afterMark(rest);
  check(last, line);
  if (last.length > 0) yield { bytes: last, line };
}

function afterMark(bytes: Buffer): Buffer {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new UnreadableError(
      'is UTF-16, as a redirection in Windows PowerShell writes it; save it as UTF-8',
    );
  }
  return bytes.subarray(0, BOM.length).equals(BOM) ? bytes.subarray(BOM.length) : bytes;
}

/** Where the last character begins that may go on in the next chunk, or the length where there is none. */
function endOfWholeCharacters(bytes: Buffer): number {
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

function check(bytes: Buffer, line: number): void {
  if (isUtf8(bytes)) return;
  // Line by line: a line feed is never part of another character.
  let broken = line;
  for (let start = 0; start < bytes.length; broken += 1) {
    const end = bytes.indexOf(LINE_FEED, start);
    const stop = end === -1 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, stop))) break;
    start = stop;
  }
  throw new UnreadableError(`is not UTF-8 in line ${String(broken)}`);
}

const LINE_FEED = 0x0a;

export function linesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}
