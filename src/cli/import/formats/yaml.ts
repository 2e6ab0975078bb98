import { isMap, isScalar, Lexer, LineCounter, parseAllDocuments, type Document } from 'yaml';

import { documentItems, UnreadableError, type TemplateDocument, type UnparsedItem } from './documents';
import type { TextPiece } from './utf8';
import { plainValue } from './yaml-values';

/** YAML is read as a whole. The limit is CloudFormation's own for a template. */
export const MAX_YAML_BYTES = 1024 * 1024;

/**
 * Tokens that become values, which take hundreds of bytes each. Templates have far fewer. The limit is checked before the parser
 * creates the values.
 */
const MAX_TOKENS = 200_000;

/**
 * Reads connections and templates from YAML. Scalars stay strings, so that an account id keeps its leading zeros. CloudFormation's
 * short tags become functions in their long form.
 * @throws UnreadableError
 */
export function yamlItems(text: string): readonly UnparsedItem[] {
  return yamlContents(text).flatMap(({ content, lineOf }) =>
    (Array.isArray(content) ? content : [content]).flatMap((each: unknown) => documentItems(each, lineOf)),
  );
}

/** A YAML document as plain values, with the line in which each of its resources begins. */
interface YamlContent extends Pick<TemplateDocument, 'lineOf'> {
  readonly content: unknown;
}

/** Parses all documents in a text. @throws UnreadableError */
export function yamlContents(text: string): readonly YamlContent[] {
  const lines = new LineCounter();
  const contents = documentsIn(text, lines).flatMap((document) => {
    const [error] = document.errors;
    // The parser is recursive. Deep nesting can exceed the call stack.
    if (error?.message.includes('call stack')) throw new UnreadableError('is nested too deeply');
    if (error)
      throw new UnreadableError(`is not YAML: ${(error.message.split('\n')[0] ?? '').replace(/:$/, '')}`);
    const content = plainValue(document, lines);
    // Skip a document that is empty or has only comments, as after a last ---.
    return content === null ? [] : [{ content, lineOf: linesOfResources(document, lines) }];
  });
  if (contents.length === 0) throw new UnreadableError('is empty');
  return contents;
}

function documentsIn(text: string, lineCounter: LineCounter): readonly Document[] {
  checkTokens(text);
  try {
    const documents = parseAllDocuments(text, {
      schema: 'failsafe',
      lineCounter,
      prettyErrors: true,
      // Checked in plainValue: the parser would compare each key with all others.
      uniqueKeys: false,
      // Hides warnings about unknown tags. They are resolved in plainValue.
      logLevel: 'error',
    });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    if (error instanceof RangeError) throw new UnreadableError('is nested too deeply');
    throw error;
  }
}

/** @throws UnreadableError */
function checkTokens(text: string): void {
  let tokens = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === DOCUMENT) tokens += DOCUMENT_COST;
    else if (token !== '' && VALUE_TOKENS.includes(token.charAt(0))) tokens += 1;
    if (tokens > MAX_TOKENS) throw new UnreadableError(`has more than ${String(MAX_TOKENS)} values in YAML`);
  }
}

const DOCUMENT = '---';
/** First characters of the tokens that create a value or a position for one. The lexer puts \u001f before a plain scalar. */
const VALUE_TOKENS = '\u001f"\'*[{>|-?:,';
/** The memory of an empty document, in values. */
const DOCUMENT_COST = 5;

/** Finds the line in which a resource begins. */
function linesOfResources(document: Document, lines: LineCounter): (logicalId: string) => number | undefined {
  let lineByName: ReadonlyMap<unknown, number> | undefined;
  function read(): ReadonlyMap<unknown, number> {
    const resources = isMap(document.contents) ? document.get('Resources', true) : undefined;
    const items = isMap(resources) ? resources.items : [];
    return new Map(
      items.flatMap(({ key }) =>
        isScalar(key) && key.range ? [[key.value, lines.linePos(key.range[0]).line] as const] : [],
      ),
    );
  }
  return (logicalId) => (lineByName ??= read()).get(logicalId);
}

const TOO_LARGE =
  `is not JSON, and is larger than ${String(MAX_YAML_BYTES / 1024 / 1024)} MiB, which is too large for a template; ` +
  'print long lists of connections with --output json';

/** Reads the whole text of a file, which the YAML parser needs. @throws UnreadableError when it is too large */
export async function wholeText(pieces: AsyncIterable<TextPiece>, tooLarge = TOO_LARGE): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const { bytes } of pieces) {
    length += bytes.length;
    if (length > MAX_YAML_BYTES) {
      throw new UnreadableError(tooLarge);
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
