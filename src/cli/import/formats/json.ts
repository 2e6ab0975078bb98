import { Tokenizer, TokenizerError, TokenParser, TokenParserError, TokenType } from '@streamparser/json';

import { documentFindings, type Found, recordFinding, UnreadableError } from './documents';
import { linesIn, type TextPiece } from './utf8';

/** What must be held at once, a connection or a template, may be so large: CloudFormation's 1 MB, with room for indentation. */
const LARGEST_VALUE = 4 * 1024 * 1024;
/** And so deep. */
const DEEPEST = 100;

const LIST = 'environmentAccountConnections';

/** Parses JSON documents that follow one another, piece by piece. */
export interface JsonReader {
  /** @throws UnreadableError */
  readonly write: (piece: TextPiece) => readonly Found[];
  /** @throws UnreadableError when the text ends too early */
  readonly end: () => readonly Found[];
}

/**
 * Finds connections and templates in a stream of JSON documents. The connections of a list are found one by one, and forgotten: a
 * list may be as long as it likes.
 */
export function createJsonReader(): JsonReader {
  let found: Found[] = [];
  let piece: TextPiece = { bytes: Buffer.alloc(0), line: 1 };
  let pieceAt = 0;
  let tokenAt = 0;
  /** Where the value that is being held began, at the latest. */
  let heldSince = 0;

  // The parser knows the grammar and builds the values; what stands at these places is taken out as soon as it is complete.
  const parser = new TokenParser({
    separator: '',
    paths: ['$', '$.*', `$.${LIST}.*`, `$.*.${LIST}.*`],
  });
  parser.onValue = ({ value, parent, stack }) => {
    const root = stack.length === 0;
    const inTopArray = stack.length === 1 && Array.isArray(parent);
    const listed = stack.length > 1 && Array.isArray(parent);
    if (root ? !Array.isArray(value) : inTopArray) found.push(...documentFindings(value));
    else if (listed) found.push(recordFinding(value, 'list'));
    else if (!root) return;
    if (!root && Array.isArray(parent)) parent.length = 0;
    heldSince = tokenAt;
  };

  /** The keys of each object that is open, and nothing for a list: of two equal ones the parser would forget the first. */
  const open: (Set<string> | undefined)[] = [];
  let lastText = '';

  const tokenizer = new Tokenizer({ separator: '' });
  tokenizer.onToken = (token) => {
    tokenAt = token.offset;
    const { token: kind } = token;
    if (kind === TokenType.LEFT_BRACE) open.push(new Set());
    if (kind === TokenType.LEFT_BRACKET) open.push(undefined);
    if (kind === TokenType.RIGHT_BRACE || kind === TokenType.RIGHT_BRACKET) open.pop();
    if (kind === TokenType.STRING) lastText = String(token.value);
    if (kind === TokenType.COLON) {
      const keys = open.at(-1);
      if (keys?.has(lastText)) throw new UnreadableError(`has the key ${lastText} twice ${place(tokenAt)}`);
      keys?.add(lastText);
    }
    if (open.length > DEEPEST) {
      throw new UnreadableError(`is nested more than ${String(DEEPEST)} levels deep ${place(tokenAt)}`);
    }
    parser.write(token);
  };

  function place(offset: number): string {
    const within = Math.max(0, offset - pieceAt);
    const before = piece.bytes.subarray(0, within);
    const column = within - before.lastIndexOf(0x0a);
    return `in line ${String(piece.line + linesIn(before))}, column ${String(column)}`;
  }

  function taking(work: () => void): readonly Found[] {
    found = [];
    try {
      work();
    } catch (error) {
      const foreseen =
        error instanceof UnreadableError ||
        error instanceof TokenizerError ||
        error instanceof TokenParserError;
      if (!foreseen) throw error;
      // What was complete before the fault is found all the same: it is judged, and its problems are told too.
      throw new BrokenJsonError(
        found,
        error instanceof UnreadableError ? error.message : explain(error.message),
      );
    }
    return found;
  }

  /** The parser's own words name its inner states; what it met, and where, is in them. */
  function explain(said: string): string {
    const position = /absolute position "(\d+)"/.exec(said)?.[1];
    const at = position === undefined ? tokenAt : Number(position);
    const met = /^Unexpected (?:"([!-~])" at|\w+ \((.{1,40}?)\) in state)/.exec(said);
    const character = met?.[1];
    const what = character === undefined ? met?.[2] : JSON.stringify(character);
    return `is not JSON ${place(at)}${what === undefined ? '' : `: ${what} can't stand there`}`;
  }

  return {
    write(next) {
      piece = next;
      return taking(() => {
        tokenizer.write(piece.bytes);
        pieceAt += piece.bytes.length;
        if (pieceAt - heldSince > LARGEST_VALUE) {
          throw new UnreadableError(
            `has something larger than ${String(LARGEST_VALUE / 1024 / 1024)} MiB that is neither a connection nor a template`,
          );
        }
      });
    },
    end: () =>
      taking(() => {
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

/** JSON that can't be read on, and what was found before the fault. */
export class BrokenJsonError extends UnreadableError {
  constructor(
    readonly found: readonly Found[],
    message: string,
  ) {
    super(message);
  }
}
