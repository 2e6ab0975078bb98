import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from 'yaml';

import { documentFindings, type Finding } from './findings';
import { LARGEST_VALUE } from './json-documents';
import { Unreadable } from './unreadable';
import type { TextPiece } from './utf8-text';

/** Values in one document, each anchor's as often as it is referred to: far more than any template has. */
const MOST_VALUES = 100_000;
const DEEPEST = 100;

/**
 * Finds connections and templates in YAML. Scalars stay the text that they were written as, so that an account id keeps its
 * zeros; CloudFormation's short tags become functions in their long form.
 * @throws Unreadable
 */
export function yamlFindings(text: string): readonly Finding[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: true,
    uniqueKeys: false,
    // Warnings of tags that it does not know, which are resolved here.
    logLevel: 'error',
  });
  if (!Array.isArray(documents)) throw new Unreadable('is empty');
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new Unreadable(`is not YAML: ${(error.message.split('\n')[0] ?? '').replace(/:$/, '')}`);
    if (document.contents === null) return [];
    const content = plainValue(document);
    return documentFindings(content, (logicalId) => lineOfResource(document, logicalId, lines));
  });
}

function lineOfResource(document: Document, logicalId: string, lines: LineCounter): number | undefined {
  const resources = document.get('Resources', true);
  if (!isMap(resources)) return undefined;
  const key = resources.items.find((pair) => isScalar(pair.key) && pair.key.value === logicalId)?.key;
  return isScalar(key) && key.range ? lines.linePos(key.range[0]).line : undefined;
}

function plainValue(document: Document): unknown {
  let values = 0;

  function plain(node: unknown, depth: number): unknown {
    values += 1;
    if (values > MOST_VALUES)
      throw new Unreadable(`has more than ${String(MOST_VALUES)} values in one document`);
    if (depth > DEEPEST) throw new Unreadable(`is nested more than ${String(DEEPEST)} levels deep`);
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (!target) throw new Unreadable(`refers to an anchor that is not there: ${node.source}`);
      return plain(target, depth + 1);
    }
    if (isScalar(node)) return tagged(node, scalar(node.value));
    if (isSeq(node))
      return tagged(
        node,
        node.items.map((item) => plain(item, depth + 1)),
      );
    if (isMap(node)) {
      const members = node.items.map(({ key, value }): [string, unknown] => [
        String(plain(key, depth + 1)),
        plain(value, depth + 1),
      ]);
      return tagged(node, Object.fromEntries(members));
    }
    return null;
  }

  return plain(document.contents, 0);
}

/** Empty, and what YAML calls null, is none; anything else is text. */
function scalar(value: unknown): string | null {
  return typeof value !== 'string' || value === '' ? null : value;
}

/** `!Sub text` is `{ "Fn::Sub": text }`; so is any tag that nobody knows, which can't be resolved later on. */
function tagged(node: Node, value: unknown): unknown {
  const { tag } = node;
  if (!tag?.startsWith('!')) return value;
  const name = tag.slice(1);
  if (name === '') return value;
  if (name === 'Ref' || name === 'Condition') return { [name]: value };
  if (name === 'GetAtt' && typeof value === 'string') return { 'Fn::GetAtt': splitAtDot(value) };
  return { [`Fn::${name}`]: value };
}

function splitAtDot(text: string): readonly string[] {
  const dot = text.indexOf('.');
  return dot === -1 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** Gathers a file's text, which YAML can't be parsed without. @throws Unreadable when there is too much of it */
export async function wholeText(pieces: AsyncIterable<TextPiece>): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const { bytes } of pieces) {
    length += bytes.length;
    if (length > LARGEST_VALUE) {
      throw new Unreadable(
        `is no JSON, and larger than ${String(LARGEST_VALUE / 1024 / 1024)} MiB, which is too large for a template`,
      );
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
