import { setImmediate as nextTurn } from 'node:timers/promises';

/** Objects that a request resolves before other requests have a turn: a few milliseconds of work. */
const OBJECTS_PER_TURN = 100;

/**
 * Divides the objects of one request among turns of the event loop. graphql-js resolves everything that has been read in one turn, so a
 * document with thousands of objects would keep all other requests waiting.
 */
export class Turns {
  private objects = 0;
  private current: Promise<void> | undefined;

  /** @returns when these objects may be resolved; undefined for now */
  take(objects: number): Promise<void> | undefined {
    this.objects += objects;
    if (this.objects > OBJECTS_PER_TURN) {
      this.objects = objects;
      this.current = this.current ? this.current.then(() => nextTurn()) : nextTurn();
    }
    return this.current;
  }
}
