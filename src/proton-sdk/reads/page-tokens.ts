import type { EpochMilliseconds } from '../../proton/connection';
import type { ListSource } from '../calls';
import { createRecent } from '../recent';

/** Where a page of a list begins: everything before it was requested at this time or later. */
interface Mark {
  readonly requestedAt: EpochMilliseconds;
  readonly nextToken: string;
}

/**
 * Remembers where the pages of lists begin, over all requests, so that a page far down is not reached by reading all that is above
 * it. It holds tokens and no connections: a mark makes a read shorter and never its result another, and is the same for everyone
 * who may ask as the account.
 */
export interface ListMarks {
  /** The lowest mark that is safely above everything requested at a time or before it. */
  readonly above: (source: ListSource, requestedAt: EpochMilliseconds) => Mark | undefined;
  readonly add: (source: ListSource, mark: Mark) => void;
  /** Proton does not take the tokens any more. */
  readonly forget: (source: ListSource) => void;
}

const MOST_LISTS = 500;
const MOST_MARKS = 200;

export function createListMarks(): ListMarks {
  const lists = createRecent<string, Mark[]>(MOST_LISTS);
  return {
    above: (source, requestedAt) =>
      lists
        .get(keyOf(source))
        // Strictly: among what was requested in one millisecond the order is not known.
        ?.filter((mark) => mark.requestedAt > requestedAt)
        .at(-1),
    add(source, mark) {
      const known = lists.get(keyOf(source)) ?? [];
      const others = known.filter(({ requestedAt }) => requestedAt !== mark.requestedAt);
      const marks = [...others, mark].sort((a, b) => b.requestedAt - a.requestedAt);
      lists.set(keyOf(source), marks.length > MOST_MARKS ? thinned(marks) : marks);
    },
    forget: (source) => {
      lists.delete(keyOf(source));
    },
  };
}

/** Every second one: reads become a little longer and none becomes long. */
function thinned(marks: readonly Mark[]): Mark[] {
  return marks.filter((_, index) => index % 2 === 0);
}

function keyOf({ accountId, region, role, environmentName, statuses }: ListSource): string {
  return JSON.stringify([accountId, region, role, environmentName, statuses]);
}
