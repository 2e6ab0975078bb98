import { Kind, type DocumentNode, type ValidationRule } from 'graphql';

import { counted, ExcessError, type DocumentLimits } from './document-limits';
import { measureDocument, type DocumentShape } from './document-shape';

const NOTHING: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };

/**
 * A validation rule that refuses documents by their shape. It speaks before any of the others has gone into the document, and
 * when it refuses, they find an empty one: what is too large is not validated, for that alone can be made to take long.
 */
export function documentShapeRule(limits: DocumentLimits): ValidationRule {
  return (context) => ({
    Document(document) {
      const excess = excessOf(measureDocument(document, limits.tokens), limits);
      if (!excess) return undefined;
      context.reportError(excess);
      return NOTHING;
    },
  });
}

function excessOf(shape: DocumentShape, limits: DocumentLimits): ExcessError | undefined {
  const { depth, aliases, directives, repeated, complete } = shape;
  const has = (count: string) => `The document has ${complete ? '' : 'at least '}${count}`;
  const allowed = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'is' : 'are'} allowed.`;
  if (depth > limits.depth) {
    return new ExcessError(
      'TOO_DEEP',
      `${has(counted(depth, 'level'))} of fields; ${allowed(limits.depth)} Ask for what lies deeper in a query of its own.`,
    );
  }
  if (aliases > limits.aliases) {
    return new ExcessError(
      'TOO_MANY_ALIASES',
      `${has(counted(aliases, 'alias', 'aliases'))}, its fragments written out; ${allowed(limits.aliases)}`,
    );
  }
  if (directives > limits.directives) {
    return new ExcessError(
      'TOO_MANY_DIRECTIVES',
      `${has(counted(directives, 'directive'))}, its fragments written out; ${allowed(limits.directives)}`,
    );
  }
  if (repeated.times > limits.repetitions) {
    const times = `${complete ? '' : 'at least '}${counted(repeated.times, 'time')}`;
    return new ExcessError(
      'TOO_EXPENSIVE',
      `The document selects ${repeated.field} ${times} in one place; ${allowed(limits.repetitions)}`,
    );
  }
  if (!complete) {
    return new ExcessError(
      'TOO_EXPENSIVE',
      `With its fragments written out, the document has more than ${counted(limits.tokens, 'selection')}, as many as it may have tokens.`,
    );
  }
  return undefined;
}
