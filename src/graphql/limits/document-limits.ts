import { GraphQLError } from 'graphql';

/** The limits of one document. */
export interface DocumentLimits {
  readonly tokens: number;
  /** Levels of fields, leaves included. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** In all `_entities` fields of an operation together. */
  readonly representations: number;
  /** In objects read; see `operation-cost.ts`. */
  readonly cost: number;
  /** Of the same field in one selection set. */
  readonly repetitions: number;
  /** In one response. */
  readonly validationErrors: number;
}

/** The error codes of limits. */
export type LimitCode =
  | 'TOO_MANY_TOKENS'
  | 'TOO_DEEP'
  | 'TOO_MANY_ALIASES'
  | 'TOO_MANY_DIRECTIVES'
  | 'TOO_MANY_REPRESENTATIONS'
  | 'TOO_EXPENSIVE';

/** A document exceeds a limit. The response has status 400; nothing was executed. */
export class DocumentLimitError extends GraphQLError {
  override readonly name = 'DocumentLimitError';

  constructor(
    readonly code: LimitCode,
    message: string,
  ) {
    super(message, { extensions: { code, http: { status: 400 } } });
  }
}

/** A count with its noun, as in "31 aliases". */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? singular : plural}`;
}
