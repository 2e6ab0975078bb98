import { type Document, isMap, isScalar, Lexer, LineCounter, parseAllDocuments } from 'yaml';

import { documentFindings, type Found, type TemplateDocument, UnreadableError } from './documents';
import type { TextPiece } from './utf8';
import { plainValue } from './yaml-values';

/** What YAML may be as large as, for it is read as a whole: as large as a template that CloudFormation takes. */
export const LARGEST_YAML = 1024 * 1024;

/**
 * Tokens that become values, and so cost hundreds of bytes each: far more than any template has. They are counted before anything
 * is made of them.
 */
const MOST_TOKENS = 200_000;

/**
 * Finds connections and templates in YAML. Scalars stay the text that they were written as, so that an account id keeps its
 * zeros; CloudFormation's short tags become functions in their long form.
 * @throws UnreadableError
 */
export function yamlFindings(text: string): readonly Found[] {
  return yamlContents(text).flatMap(({ content, lineOf }) =>
    (Array.isArray(content) ? content : [content]).flatMap((each: unknown) => documentFindings(each, lineOf)),
  );
}

/** A YAML document as plain values, and the line that each of its resources begins in. */
interface YamlContent extends Pick<TemplateDocument, 'lineOf'> {
  readonly content: unknown;
}

/**
 * The documents in a text.
 * @throws UnreadableError
 */
export function yamlContents(text: string): readonly YamlContent[] {
  const lines = new LineCounter();
  const contents = documentsIn(text, lines).flatMap((document) => {
    const [error] = document.errors;
    // The parser calls itself for what is nested, until there is no stack left.
    if (error?.message.includes('call stack')) throw new UnreadableError('is nested too deeply');
    if (error)
      throw new UnreadableError(`is not YAML: ${(error.message.split('\n')[0] ?? '').replace(/:$/, '')}`);
    const content = plainValue(document, lines);
    // What stands behind a last ---, or is nothing but comments, is no document.
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
      // Checked where values are made: the parser compares each key with all others.
      uniqueKeys: false,
      // Warnings of tags that it does not know, which are resolved here.
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
    if (tokens > MOST_TOKENS)
      throw new UnreadableError(`has more than ${String(MOST_TOKENS)} values in YAML`);
  }
}

const DOCUMENT = '---';
/** How the tokens begin that stand for a value or for its place; the first goes before a plain scalar. */
const VALUE_TOKENS = '\u001f"\'*[{>|-?:,';
/** What a document costs, in values. */
const DOCUMENT_COST = 5;

/** The line that each resource begins in. */
function linesOfResources(document: Document, lines: LineCounter): (logicalId: string) => number | undefined {
  let known: ReadonlyMap<unknown, number> | undefined;
  function read(): ReadonlyMap<unknown, number> {
    const resources = isMap(document.contents) ? document.get('Resources', true) : undefined;
    const items = isMap(resources) ? resources.items : [];
    return new Map(
      items.flatMap(({ key }) =>
        isScalar(key) && key.range ? [[key.value, lines.linePos(key.range[0]).line] as const] : [],
      ),
    );
  }
  return (logicalId) => (known ??= read()).get(logicalId);
}

const TOO_LARGE =
  `is no JSON, and larger than ${String(LARGEST_YAML / 1024 / 1024)} MiB, which is too large for a template; ` +
  'print long lists of connections with --output json';

/** Gathers a file's text, which YAML can't be parsed without. @throws UnreadableError when there is too much of it */
export async function wholeText(pieces: AsyncIterable<TextPiece>, tooLarge = TOO_LARGE): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const { bytes } of pieces) {
    length += bytes.length;
    if (length > LARGEST_YAML) {
      throw new UnreadableError(tooLarge);
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
