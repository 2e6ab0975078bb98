import { isAlias, isMap, isScalar, isSeq, Scalar, type Document, type LineCounter, type YAMLMap } from 'yaml';

import { isObject } from '../../../proton/validation/values';
import { UnreadableError } from './documents';

/** Values in one document, with aliases expanded. Templates have far fewer. */
const MAX_VALUES = 100_000;
/** Characters in one document, with aliases expanded. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
const MAX_DEPTH = 100;

/** The value of an anchor, and its size with aliases expanded. */
interface Anchor {
  readonly value: unknown;
  readonly values: number;
  readonly characters: number;
  /** Levels below it. */
  readonly height: number;
}

/**
 * A document as plain values. An alias shares the value of its anchor, but the limits count the value again for each alias.
 * @throws UnreadableError
 */
export function plainValue(document: Document, lines: LineCounter): unknown {
  /** By name; `open` while the value of the anchor is being read. */
  const anchors = new Map<string, Anchor | 'open'>();
  let [values, characters, deepest] = [0, 0, 0];

  function count(newValues: number, newCharacters: number, depth: number): void {
    values += newValues;
    characters += newCharacters;
    deepest = Math.max(deepest, depth);
    if (values > MAX_VALUES) {
      throw new UnreadableError(`has more than ${String(MAX_VALUES)} values in one document`);
    }
    if (characters > MAX_CHARACTERS) throw new UnreadableError('has aliases that expand to too much text');
    if (deepest > MAX_DEPTH)
      throw new UnreadableError(`is nested more than ${String(MAX_DEPTH)} levels deep`);
  }

  function plain(node: unknown, depth: number): unknown {
    if (isAlias(node)) return aliased(node.source, depth);
    const name = isScalar(node) || isSeq(node) || isMap(node) ? node.anchor : undefined;
    if (name === undefined) return unanchored(node, depth);
    anchors.set(name, 'open');
    const before = { values, characters, deepest };
    deepest = depth;
    const value = unanchored(node, depth);
    anchors.set(name, {
      value,
      values: values - before.values,
      characters: characters - before.characters,
      height: deepest - depth,
    });
    deepest = Math.max(deepest, before.deepest);
    return value;
  }

  function aliased(name: string, depth: number): unknown {
    const target = anchors.get(name);
    if (target === undefined) throw new UnreadableError(`refers to an anchor that does not exist: ${name}`);
    if (target === 'open') throw new UnreadableError(`has an anchor that refers to itself: ${name}`);
    count(target.values, target.characters, depth + target.height);
    return target.value;
  }

  function unanchored(node: unknown, depth: number): unknown {
    count(1, isScalar(node) ? String(node.value).length : 0, depth);
    if (isScalar(node)) return tagged(node.tag, scalarValue(node));
    if (isSeq(node)) {
      const items = node.items.map((item) => plain(item, depth + 1));
      return tagged(node.tag, items);
    }
    return isMap(node) ? tagged(node.tag, members(node, depth)) : null;
  }

  function members(map: YAMLMap, depth: number): Readonly<Record<string, unknown>> {
    const own = new Map<string, unknown>();
    const merged: (readonly [string, unknown])[] = [];
    for (const { key, value: given } of map.items) {
      const name = plain(key, depth + 1);
      if (typeof name !== 'string' && name !== null)
        throw new UnreadableError(`has a key that is not a string${inLine(key)}`);
      const value = timestampAsNumber(String(name), given, plain(given, depth + 1));
      if (name === MERGE && isPlain(key)) {
        merged.push(...mergedMembers(value, inLine(key)));
        continue;
      }
      if (own.has(String(name))) throw new UnreadableError(`has the key ${String(name)} twice${inLine(key)}`);
      own.set(String(name), value);
    }
    // A map's own members override merged members, and earlier merged maps override later ones.
    return Object.fromEntries([...merged.toReversed(), ...own]);
  }

  function inLine(node: unknown): string {
    return isScalar(node) && node.range ? ` in line ${String(lines.linePos(node.range[0]).line)}` : '';
  }

  return plain(document.contents, 0);
}

const MERGE = '<<';

/** @throws UnreadableError */
function mergedMembers(value: unknown, inLine: string): readonly (readonly [string, unknown])[] {
  return (Array.isArray(value) ? value : [value]).flatMap((each: unknown) => {
    if (!isObject(each)) throw new UnreadableError(`merges something that is not a map${inLine}`);
    // The caller reverses the whole list. This keeps the members of one map in their order.
    return Object.entries(each).toReversed();
  });
}

function isPlain(node: unknown): node is Scalar {
  return isScalar(node) && (node.type === undefined || node.type === Scalar.PLAIN);
}

/** Null for an unquoted null; the source text of any other scalar. */
function scalarValue(node: Scalar): string | null {
  const isNull = isPlain(node) && ['', '~', 'null', 'Null', 'NULL'].includes(node.source ?? '');
  return isNull ? null : String(node.value);
}

/** Only the times of a connection can be numbers: version 1 of the aws CLI prints epoch seconds. */
function timestampAsNumber(name: string, node: unknown, value: unknown): unknown {
  const isTime = (name === 'requestedAt' || name === 'lastModifiedAt') && isPlain(node);
  return isTime && typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
}

/** Turns `!Sub text` into `{ "Fn::Sub": text }`. Unknown tags are turned into functions too; resolving them fails later. */
function tagged(tag: string | undefined, value: unknown): unknown {
  if (!tag?.startsWith('!') || tag === '!') return value;
  const name = tag.slice(1);
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: value };
}
