import { createHash } from 'node:crypto';

import { ProtonFailure } from './failure';

export const DEFAULT_PAGE_SIZE = 20;
export const MOST_PER_PAGE = 100;

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
  /** True exactly when the page was asked for by a cursor. */
  readonly hasPreviousPage: boolean;
  /** The opaque cursor of the item at this place: the page that is asked for with it starts after that item. */
  readonly cursorAt: (index: number) => string;
}

/** How much of a list is asked for. */
export interface PageRequest {
  /** 1 to 100; null or left out means 20. */
  readonly first?: number | null | undefined;
  /** A cursor of the same list and filter. */
  readonly after?: string | null | undefined;
}

/**
 * Writes and reads the cursors of one list: base64 in the standard alphabet (Proton's `nextToken` allows no other), of a digest
 * of the list and its filter, and of the position. The digest is what makes another list's cursor invalid.
 */
export interface CursorCodec<Position> {
  readonly write: (position: Position) => string;
  readonly read: (cursor: string) => Position | undefined;
}

/**
 * @param list everything that makes this list what it is, in a form that prints the same for equal lists
 * @param position how to write a position as fields, and how to read it back; undefined for fields that are none
 */
export function cursorCodec<Position>(
  list: unknown,
  position: {
    readonly toFields: (position: Position) => readonly string[];
    readonly fromFields: (fields: readonly string[]) => Position | undefined;
  },
): CursorCodec<Position> {
  // Most pages are read without a cursor going in or coming out, so the digest waits until one is.
  let remembered: string | undefined;
  const digest = () =>
    (remembered ??= createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 16));
  const write = (at: Position) =>
    Buffer.from([digest(), ...position.toFields(at)].join(' ')).toString('base64');
  return {
    write,
    read(cursor) {
      const [written, ...fields] = Buffer.from(cursor, 'base64').toString().split(' ');
      if (written !== digest()) return undefined;
      const at = position.fromFields(fields);
      // Node's decoder passes over what is not base64; only what we would have written ourselves is a cursor.
      return at !== undefined && write(at) === cursor ? at : undefined;
    },
  };
}

/**
 * Judges a request for a page.
 * @throws ProtonFailure `VALIDATION_ERROR` for a size outside 1 to 100, or a cursor that is not of this list and filter
 */
export function parsePageRequest<Position>(
  { first, after }: PageRequest,
  cursors: CursorCodec<Position>,
): { readonly size: number; readonly after: Position | undefined } {
  const size = first ?? DEFAULT_PAGE_SIZE;
  if (!Number.isInteger(size) || size < 1 || size > MOST_PER_PAGE) {
    throw ProtonFailure.invalid([{ path: ['first'], message: `must be 1 to ${String(MOST_PER_PAGE)}` }]);
  }
  if (after === null || after === undefined) return { size, after: undefined };
  const position = cursors.read(after);
  if (position === undefined) {
    throw notOfThisList();
  }
  return { size, after: position };
}

/** What is answered to a cursor that is none of the list that it came for. */
export function notOfThisList(): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['after'], message: 'must be a cursor of this list, with the same filter' },
  ]);
}

/** Makes a page of what was read, which is one item more than fits where there is a next page. */
export function pageOf<Item extends Position, Position>(
  read: readonly Item[],
  request: { readonly size: number; readonly after: Position | undefined },
  cursors: CursorCodec<Position>,
): Page<Item> {
  const items = read.length > request.size ? read.slice(0, request.size) : read;
  return {
    items,
    hasNextPage: read.length > request.size,
    hasPreviousPage: request.after !== undefined,
    cursorAt(index) {
      const item = items[index];
      if (item === undefined)
        throw new RangeError(`a page of ${String(items.length)} has no item ${String(index)}`);
      return cursors.write(item);
    },
  };
}
