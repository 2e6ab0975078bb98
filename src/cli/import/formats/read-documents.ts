import { type Finding, type Found, UnreadableError } from './documents';
import { BrokenJsonError, createJsonReader } from './json';
import { type TextPiece, utf8Text } from './utf8';
import { LARGEST_YAML, wholeText, yamlFindings } from './yaml';

/**
 * Finds the connections and templates in a file, a handful at a time. Its format is told by its content: JSON begins with a brace
 * or a bracket, and a template in YAML does not.
 * @throws UnreadableError
 */
export async function* readFindings(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Finding[]> {
  const pieces = utf8Text(chunks);
  for await (const piece of pieces) {
    const first = /\S/.exec(piece.bytes.toString('latin1'))?.[0];
    if (first === undefined) continue;
    const batches =
      first === '{' || first === '['
        ? jsonFindings(piece, pieces)
        : [yamlFindings(await wholeText(following(piece, pieces)))];
    for await (const found of batches) yield found.flatMap(unfolded);
    return;
  }
  throw new UnreadableError('is empty');
}

async function* jsonFindings(
  first: TextPiece,
  others: AsyncIterable<TextPiece>,
): AsyncGenerator<readonly Found[]> {
  const reader = createJsonReader();
  try {
    for await (const piece of following(first, others)) yield reader.write(piece);
    yield reader.end();
  } catch (error) {
    // What was complete before the fault is judged too, so that all problems are told at once.
    if (error instanceof BrokenJsonError) yield error.found;
    throw error;
  }
}

async function* following(first: TextPiece, others: AsyncIterable<TextPiece>): AsyncGenerator<TextPiece> {
  yield first;
  yield* others;
}

/** A template that is a text within a document, read as what it is. @throws UnreadableError */
function unfolded(found: Found): readonly Finding[] {
  if (found.kind !== 'text') return [found];
  return bodyFindings(found.text).map((inner) =>
    inner.kind === 'text' ? { kind: 'problem', reason: 'has a TemplateBody within a TemplateBody' } : inner,
  );
}

function bodyFindings(text: string): readonly Found[] {
  try {
    if (/^\s*[{[]/.test(text)) {
      const reader = createJsonReader();
      return [...reader.write({ bytes: Buffer.from(text), line: 1 }), ...reader.end()];
    }
    if (text.length > LARGEST_YAML) throw new UnreadableError('is too large for a template');
    return yamlFindings(text).map((found) =>
      // Its lines are not those of the file.
      found.kind === 'template'
        ? { ...found, template: { ...found.template, lineOf: () => undefined } }
        : found,
    );
  } catch (error) {
    throw error instanceof UnreadableError
      ? new UnreadableError(`has a TemplateBody that ${error.message}`)
      : error;
  }
}
