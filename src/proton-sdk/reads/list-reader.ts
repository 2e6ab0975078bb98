import type { ConnectionView } from '../../proton/connection';
import type { ConnectionPosition } from '../../proton/connection-list';
import { ProtonFailure } from '../../proton/failure';
import type { Calls, ListSource } from '../calls';
import { goesOnAtTheSamePlace } from '../error-mapping';
import type { ListMarks } from './page-tokens';

/** A list turned out not to run from the newest request to the oldest. */
export class OutOfOrder extends Error {
  override readonly name = 'OutOfOrder';

  constructor(readonly source: ListSource) {
    super('a list that does not run from the newest request to the oldest');
  }
}

/** Reads one list from a position on, a page at a time, in the port's order. */
export interface ListReader {
  /** What is read and in its place; more may come after it. */
  readonly ready: ConnectionView[];
  readonly exhausted: () => boolean;
  /** Reads on, so that something is ready or the list is exhausted. */
  readonly fill: () => Promise<void>;
}

export interface ListReaderParts {
  readonly calls: Pick<Calls, 'list'>;
  readonly marks: ListMarks;
  readonly source: ListSource;
  readonly after: ConnectionPosition | undefined;
  /** How many are likely to be needed: the size of the first page. */
  readonly likely: number;
  /** What is to be shown of the list. */
  readonly shows: (connection: ConnectionView) => boolean;
  /** Whether to read all before anything is ready: the only way where the list has an order of its own. */
  readonly whole: boolean;
}

const LARGEST_PAGE = 100;

/** What a token that Proton does not take any more comes back as; those who share the call know it by its identity. */
const TOO_OLD = ProtonFailure.invalid([]);

/**
 * Proton does not say in which order it lists. This relies on the newest request coming first, and watches that it does; it does
 * not rely on an order among requests of the same instant, which it puts in order by itself.
 */
export function createListReader(parts: ListReaderParts): ListReader {
  const { calls, marks, source, after, likely, shows, whole } = parts;
  const ready: ConnectionView[] = [];
  /** What was requested at the instant that was read last: more of it may come. */
  let open: ConnectionView[] = [];
  let last = Infinity;
  let nextToken = after && !whole ? marks.above(source, after.requestedAt)?.nextToken : undefined;
  let began = false;
  let ended = false;

  async function readPage() {
    const maxResults = began || whole ? LARGEST_PAGE : Math.min(likely, LARGEST_PAGE);
    if (nextToken === undefined || began) return calls.list(source, { maxResults, nextToken });
    // A token that was remembered may be too old; the list then begins where it begins.
    try {
      return await calls.list(source, { maxResults, nextToken }, { ValidationException: () => TOO_OLD });
    } catch (failure) {
      if (failure !== TOO_OLD) throw failure;
      marks.forget(source);
      return calls.list(source, { maxResults, nextToken: undefined });
    }
  }

  function close() {
    const following = open.filter((connection) => isAfter(connection, after) && shows(connection));
    ready.push(...following.sort(byPosition));
    open = [];
  }

  return {
    ready,
    exhausted: () => ended && ready.length === 0,
    async fill() {
      while (!ended && (whole || ready.length === 0)) {
        const page = await readPage();
        began = true;
        if (page.nextToken !== undefined && page.nextToken === nextToken) {
          throw goesOnAtTheSamePlace();
        }
        for (const connection of page.items) {
          if (!whole && connection.requestedAt > last) throw new OutOfOrder(source);
          if (!whole && connection.requestedAt < last) close();
          last = connection.requestedAt;
          open.push(connection);
        }
        nextToken = page.nextToken;
        if (nextToken === undefined) {
          ended = true;
          close();
        } else if (!whole && page.items.length > 0) {
          marks.add(source, { requestedAt: last, nextToken });
        }
      }
    },
  };
}

/** The port's order: the newest request first, and of the same instant the greatest id. */
export function byPosition(a: ConnectionPosition, b: ConnectionPosition): number {
  return b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

function isAfter(connection: ConnectionView, position: ConnectionPosition | undefined): boolean {
  return position === undefined || byPosition(position, connection) < 0;
}
