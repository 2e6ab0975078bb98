import { AwsError } from './aws-error';

/** What an operation is given: the members that were sent. Null counts as not sent. */
export type Input = ReadonlyMap<string, unknown>;

/** Levels of nesting in an input. Proton's operations have three; what they ignore may have more. */
const MOST_LEVELS = 32;

// A byte order mark is kept, for it is not JSON.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a body as JSON. None at all is an input without members.
 * @throws AwsError `SerializationException` for what is not a JSON object in UTF-8
 */
export function parseInput(body: Buffer): Input {
  if (body.length === 0) return new Map();
  if (isTooDeep(body)) {
    throw new AwsError(
      'SerializationException',
      `The body is nested more than ${String(MOST_LEVELS)} levels deep.`,
    );
  }
  const input = parseJson(body);
  if (!isObject(input)) throw new AwsError('SerializationException', 'The body must be a JSON object.');
  return membersOf(input);
}

/** What an object has, but for what is null. A map holds `__proto__` and `constructor` like any other name. */
export function membersOf(value: object): Input {
  return new Map<string, unknown>(Object.entries(value).filter(([, member]) => member !== null));
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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

/** Counts brackets outside of strings, before anything is built from them. Bytes of longer characters are never ASCII. */
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
      if (level > MOST_LEVELS) return true;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) level -= 1;
  }
  return false;
}
