import type { Finding } from './findings';
import { createJsonReader } from './json-documents';
import { Unreadable } from './unreadable';
import { utf8Text, type TextPiece } from './utf8-text';
import { wholeText, yamlFindings } from './yaml-documents';

/**
 * Finds the connections and templates in a file, a handful at a time. Its format is told by its content: JSON begins with a brace
 * or a bracket, and a template in YAML does not.
 * @throws Unreadable
 */
export async function* readFindings(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Finding[]> {
  const pieces = utf8Text(chunks);
  for await (const piece of pieces) {
    const first = /\S/.exec(piece.bytes.toString('latin1'))?.[0];
    if (first === undefined) continue;
    yield* first === '{' || first === '['
      ? jsonFindings(piece, pieces)
      : [yamlFindings(await wholeText(following(piece, pieces)))];
    return;
  }
  throw new Unreadable('is empty');
}

async function* jsonFindings(
  first: TextPiece,
  others: AsyncIterable<TextPiece>,
): AsyncGenerator<readonly Finding[]> {
  const reader = createJsonReader();
  for await (const piece of following(first, others)) yield reader.write(piece);
  yield reader.end();
}

async function* following(first: TextPiece, others: AsyncIterable<TextPiece>): AsyncGenerator<TextPiece> {
  yield first;
  yield* others;
}
