import { UnreadableError, type DocumentItem, type UnparsedItem } from './documents';
import { BrokenJsonError, createJsonReader } from './json';
import { utf8Text, type TextPiece } from './utf8';
import { MAX_YAML_BYTES, wholeText, yamlItems } from './yaml';

/**
 * Reads the connections and templates of a file, a few at a time. A file that begins with a brace or a bracket is JSON, any other
 * file is YAML.
 * @throws UnreadableError
 */
export async function* readDocuments(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly DocumentItem[]> {
  const pieces = utf8Text(chunks);
  for await (const piece of pieces) {
    const first = /\S/.exec(piece.bytes.toString('latin1'))?.[0];
    if (first === undefined) continue;
    const batches =
      first === '{' || first === '['
        ? jsonItems(piece, pieces)
        : [yamlItems(await wholeText(prepended(piece, pieces)))];
    for await (const items of batches) yield items.flatMap(parsed);
    return;
  }
  throw new UnreadableError('is empty');
}

async function* jsonItems(
  first: TextPiece,
  others: AsyncIterable<TextPiece>,
): AsyncGenerator<readonly UnparsedItem[]> {
  const reader = createJsonReader();
  try {
    for await (const piece of prepended(first, others)) yield reader.write(piece);
    yield reader.end();
  } catch (error) {
    // The items before the syntax error are validated too, so that the report contains all problems.
    if (error instanceof BrokenJsonError) yield error.items;
    throw error;
  }
}

async function* prepended(first: TextPiece, others: AsyncIterable<TextPiece>): AsyncGenerator<TextPiece> {
  yield first;
  yield* others;
}

/** Parses a template that is a string within a document. @throws UnreadableError */
function parsed(item: UnparsedItem): readonly DocumentItem[] {
  if (item.kind !== 'text') return [item];
  return templateBodyItems(item.text).map((inner) =>
    inner.kind === 'text' ? { kind: 'problem', reason: 'has a TemplateBody within a TemplateBody' } : inner,
  );
}

function templateBodyItems(text: string): readonly UnparsedItem[] {
  try {
    if (/^\s*[{[]/.test(text)) {
      const reader = createJsonReader();
      return [...reader.write({ bytes: Buffer.from(text), line: 1 }), ...reader.end()];
    }
    if (text.length > MAX_YAML_BYTES) throw new UnreadableError('is too large for a template');
    return yamlItems(text).map((item) =>
      // Line numbers within the string are not line numbers of the file.
      item.kind === 'template' ? { ...item, template: { ...item.template, lineOf: () => undefined } } : item,
    );
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    throw new UnreadableError(`has a TemplateBody that ${error.message}`);
  }
}
