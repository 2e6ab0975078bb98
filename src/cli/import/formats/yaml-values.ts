import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, Scalar, type YAMLMap } from 'yaml';

import { isObject, UnreadableError } from './documents';

/** Values in one document, each anchor's as often as it is referred to: far more than any template has. */
const MOST_VALUES = 100_000;
/** And characters. */
const MOST_CHARACTERS = 4 * 1024 * 1024;
const DEEPEST = 100;

/** What an anchor stands for, and what it comes to where it is written out. */
interface Anchored {
  readonly value: unknown;
  readonly values: number;
  readonly characters: number;
  /** Levels below it. */
  readonly height: number;
}

/**
 * A document as plain values. An alias shares the value of its anchor, which is counted as if it stood there again.
 * @throws UnreadableError
 */
export function plainValue(document: Document, lines: LineCounter): unknown {
  /** By name; `open` while the value is being made. */
  const anchors = new Map<string, Anchored | 'open'>();
  let [values, characters, deepest] = [0, 0, 0];

  function count(moreValues: number, moreCharacters: number, depth: number): void {
    values += moreValues;
    characters += moreCharacters;
    deepest = Math.max(deepest, depth);
    if (values > MOST_VALUES) {
      throw new UnreadableError(`has more than ${String(MOST_VALUES)} values in one document`);
    }
    if (characters > MOST_CHARACTERS) throw new UnreadableError('has aliases that come to too much text');
    if (deepest > DEEPEST) throw new UnreadableError(`is nested more than ${String(DEEPEST)} levels deep`);
  }

  function plain(node: unknown, depth: number): unknown {
    if (isAlias(node)) return aliased(node.source, depth);
    const name = isScalar(node) || isSeq(node) || isMap(node) ? node.anchor : undefined;
    if (name === undefined) return made(node, depth);
    anchors.set(name, 'open');
    const before = { values, characters, deepest };
    deepest = depth;
    const value = made(node, depth);
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
    if (target === undefined) throw new UnreadableError(`refers to an anchor that is not there: ${name}`);
    if (target === 'open') throw new UnreadableError(`has an anchor that refers to itself: ${name}`);
    count(target.values, target.characters, depth + target.height);
    return target.value;
  }

  function made(node: unknown, depth: number): unknown {
    count(1, isScalar(node) ? String(node.value).length : 0, depth);
    if (isScalar(node)) return tagged(node.tag, scalar(node));
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
        throw new UnreadableError(`has a key that is no text${at(key)}`);
      const value = timed(String(name), given, plain(given, depth + 1));
      if (name === MERGE && isPlain(key)) {
        merged.push(...mergedMembers(value, at(key)));
        continue;
      }
      if (own.has(String(name))) throw new UnreadableError(`has the key ${String(name)} twice${at(key)}`);
      own.set(String(name), value);
    }
    // What a map says itself counts more than what is merged into it, and what is merged first more than what follows.
    return Object.fromEntries([...merged.toReversed(), ...own]);
  }

  function at(node: unknown): string {
    return isScalar(node) && node.range ? ` in line ${String(lines.linePos(node.range[0]).line)}` : '';
  }

  return plain(document.contents, 0);
}

const MERGE = '<<';

/** @throws UnreadableError */
function mergedMembers(value: unknown, place: string): readonly (readonly [string, unknown])[] {
  return (Array.isArray(value) ? value : [value]).flatMap((each: unknown) => {
    if (!isObject(each)) throw new UnreadableError(`merges something that is no map${place}`);
    // Reversed, for the whole is: the members of one map are in no one's way.
    return Object.entries(each).toReversed();
  });
}

function isPlain(node: unknown): node is Scalar {
  return isScalar(node) && (node.type === undefined || node.type === Scalar.PLAIN);
}

/** What is written without quotes may be YAML's null; all else is the text that it was written as. */
function scalar(node: Scalar): string | null {
  const none = isPlain(node) && ['', '~', 'null', 'Null', 'NULL'].includes(node.source ?? '');
  return none ? null : String(node.value);
}

/** The times of a connection are the one thing that may be a number: epoch seconds, as the aws CLI prints them when told to. */
function timed(name: string, node: unknown, value: unknown): unknown {
  const isTime = (name === 'requestedAt' || name === 'lastModifiedAt') && isPlain(node);
  return isTime && typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
}

/** `!Sub text` is `{ "Fn::Sub": text }`; so is any tag that nobody knows, which can't be resolved later on. */
function tagged(tag: string | undefined, value: unknown): unknown {
  if (!tag?.startsWith('!') || tag === '!') return value;
  const name = tag.slice(1);
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: value };
}
