import { Tokenizer, TokenizerError, TokenParser, TokenParserError, TokenType } from '@streamparser/json';

import { documentItems, recordItem, UnreadableError, type UnparsedItem } from './documents';
import { linesIn, type TextPiece } from './utf8';

/** The size of one connection or template, which is held in memory: CloudFormation's 1 MB, with room for indentation. */
const MAX_VALUE_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 100;

const LIST = 'environmentAccountConnections';

/** Parses JSON documents that follow one another, piece by piece. */
export interface JsonReader {
  /** @throws UnreadableError */
  readonly write: (piece: TextPiece) => readonly UnparsedItem[];
  /** @throws UnreadableError when the text ends too early */
  readonly end: () => readonly UnparsedItem[];
}

/**
 * Reads connections and templates from a stream of JSON documents. The connections of a list are returned one by one and not kept,
 * so a list may have any length.
 */
export function createJsonReader(): JsonReader {
  let items: UnparsedItem[] = [];
  let piece: TextPiece = { bytes: Buffer.alloc(0), line: 1 };
  let pieceOffset = 0;
  let tokenOffset = 0;
  /** An offset at or after the beginning of the value that is being read. */
  let valueStart = 0;

  // The parser calls onValue for each value at one of these paths. Removing it from its parent frees its memory.
  const parser = new TokenParser({
    separator: '',
    paths: ['$', '$.*', `$.${LIST}.*`, `$.*.${LIST}.*`],
  });
  parser.onValue = ({ value, parent, stack }) => {
    const isRoot = stack.length === 0;
    const inTopArray = stack.length === 1 && Array.isArray(parent);
    const isListItem = stack.length > 1 && Array.isArray(parent);
    if (isRoot ? !Array.isArray(value) : inTopArray) items.push(...documentItems(value));
    else if (isListItem) items.push(recordItem(value, 'list'));
    else if (!isRoot) return;
    if (!isRoot && Array.isArray(parent)) parent.length = 0;
    valueStart = tokenOffset;
  };

  /** The keys of each open object; undefined for an open list. Of two equal keys, the parser would ignore the first. */
  const openKeys: (Set<string> | undefined)[] = [];
  let lastText = '';

  const tokenizer = new Tokenizer({ separator: '' });
  tokenizer.onToken = (token) => {
    tokenOffset = token.offset;
    const { token: kind } = token;
    if (kind === TokenType.LEFT_BRACE) openKeys.push(new Set());
    if (kind === TokenType.LEFT_BRACKET) openKeys.push(undefined);
    if (kind === TokenType.RIGHT_BRACE || kind === TokenType.RIGHT_BRACKET) openKeys.pop();
    if (kind === TokenType.STRING) lastText = String(token.value);
    if (kind === TokenType.COLON) {
      const keys = openKeys.at(-1);
      if (keys?.has(lastText))
        throw new UnreadableError(`has the key ${lastText} twice ${location(tokenOffset)}`);
      keys?.add(lastText);
    }
    if (openKeys.length > MAX_DEPTH) {
      throw new UnreadableError(
        `is nested more than ${String(MAX_DEPTH)} levels deep ${location(tokenOffset)}`,
      );
    }
    parser.write(token);
  };

  function location(offset: number): string {
    const within = Math.max(0, offset - pieceOffset);
    const before = piece.bytes.subarray(0, within);
    const column = within - before.lastIndexOf(0x0a);
    return `in line ${String(piece.line + linesIn(before))}, column ${String(column)}`;
  }

  function collecting(work: () => void): readonly UnparsedItem[] {
    items = [];
    try {
      work();
    } catch (error) {
      const isSyntaxError =
        error instanceof UnreadableError ||
        error instanceof TokenizerError ||
        error instanceof TokenParserError;
      if (!isSyntaxError) throw error;
      throw new BrokenJsonError(
        items,
        error instanceof UnreadableError ? error.message : explain(error.message),
      );
    }
    return items;
  }

  /** Takes the unexpected token and its position from a message of the parser, which otherwise names internal states. */
  function explain(message: string): string {
    const position = /absolute position "(\d+)"/.exec(message)?.[1];
    const at = position === undefined ? tokenOffset : Number(position);
    const unexpected = /^Unexpected (?:"([!-~])" at|\w+ \((.{1,40}?)\) in state)/.exec(message);
    const character = unexpected?.[1];
    const what = character === undefined ? unexpected?.[2] : JSON.stringify(character);
    return `is not JSON ${location(at)}${what === undefined ? '' : `: unexpected ${what}`}`;
  }

  return {
    write(next) {
      piece = next;
      return collecting(() => {
        tokenizer.write(piece.bytes);
        pieceOffset += piece.bytes.length;
        if (pieceOffset - valueStart > MAX_VALUE_BYTES) {
          throw new UnreadableError(
            `has something larger than ${String(MAX_VALUE_BYTES / 1024 / 1024)} MiB that is neither a connection nor a template`,
          );
        }
      });
    },
    end: () =>
      collecting(() => {
        try {
          tokenizer.end();
          parser.end();
        } catch (error) {
          throw error instanceof UnreadableError
            ? error
            : new UnreadableError('ends in the middle of a JSON document');
        }
      }),
  };
}

/** A syntax error in JSON, with the complete items before it. */
export class BrokenJsonError extends UnreadableError {
  override readonly name = 'BrokenJsonError';
  constructor(
    readonly items: readonly UnparsedItem[],
    message: string,
  ) {
    super(message);
  }
}
