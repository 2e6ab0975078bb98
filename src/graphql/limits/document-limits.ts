import { GraphQLError } from 'graphql';

/** What one document may ask for at most. */
export interface DocumentLimits {
  readonly tokens: number;
  /** Levels of fields, the lowest one included. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** Of entities, in all `_entities` of an operation together. */
  readonly representations: number;
  /** In objects that are read; see `operation-cost.ts`. */
  readonly cost: number;
  /** Times that one field is selected in one place. */
  readonly repetitions: number;
  /** That are told of one document. */
  readonly validationErrors: number;
}

/** Each limit's code, as its client reads it. */
export type ExcessCode =
  | 'TOO_MANY_TOKENS'
  | 'TOO_DEEP'
  | 'TOO_MANY_ALIASES'
  | 'TOO_MANY_DIRECTIVES'
  | 'TOO_MANY_REPRESENTATIONS'
  | 'TOO_EXPENSIVE';

/** A document that asks for more than it may. Answered with 400, before anything is carried out. */
export class ExcessError extends GraphQLError {
  override readonly name = 'ExcessError';

  constructor(
    readonly code: ExcessCode,
    message: string,
  ) {
    super(message, { extensions: { code, http: { status: 400 } } });
  }
}

/** As in "31 aliases". */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? singular : plural}`;
}
