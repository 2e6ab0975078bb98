import { isObject } from '../proton/validation/values';
import { AwsError } from './aws-error';

/** The members of an operation's input. Null counts as not sent. */
export type Input = ReadonlyMap<string, unknown>;

/** Maximum nesting of an input. Proton's operations need three levels; unknown members, which are ignored, may have more. */
const MAX_LEVELS = 32;

// A byte order mark is not removed, because JSON does not allow one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses a body. An empty body is an input without members.
 * @throws AwsError `SerializationException` if it is not a JSON object in UTF-8, or nested too deeply
 */
export function parseInput(body: Buffer): Input {
  if (body.length === 0) return new Map();
  if (isTooDeep(body)) {
    throw new AwsError(
      'SerializationException',
      `The body is nested more than ${String(MAX_LEVELS)} levels deep.`,
    );
  }
  const input = parseJson(body);
  if (!isObject(input)) throw new AwsError('SerializationException', 'The body must be a JSON object.');
  return membersOf(input);
}

/** The members of an object, without those that are null. In a map, `__proto__` and `constructor` are ordinary names. */
export function membersOf(value: object): Input {
  return new Map<string, unknown>(Object.entries(value).filter(([, member]) => member !== null));
}

function parseJson(body: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new AwsError('SerializationException', 'The body is not valid UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new AwsError('SerializationException', 'The body is not valid JSON.');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_LIST, OPEN_OBJECT] = [0x5b, 0x7b];
const [CLOSE_LIST, CLOSE_OBJECT] = [0x5d, 0x7d];

/** Counts the brackets outside strings without parsing. The bytes of a multi-byte UTF-8 character are never ASCII. */
function isTooDeep(body: Buffer): boolean {
  let level = 0;
  let inString = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      level += 1;
      if (level > MAX_LEVELS) return true;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) level -= 1;
  }
  return false;
}
