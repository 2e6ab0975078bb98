import { Kind, type DocumentNode, type ValidationRule } from 'graphql';

import { counted, DocumentLimitError, type DocumentLimits } from './document-limits';
import { measureDocument, type DocumentShape } from './document-shape';

const EMPTY_DOCUMENT: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };

/**
 * A validation rule that limits the shape of documents. It runs before the other rules visit the document and gives them an empty one
 * when a limit is exceeded: validating a huge document takes too long.
 */
export function documentShapeRule(limits: DocumentLimits): ValidationRule {
  return (context) => ({
    Document(document) {
      const error = limitErrorOf(measureDocument(document, limits.tokens), limits);
      if (!error) return undefined;
      context.reportError(error);
      return EMPTY_DOCUMENT;
    },
  });
}

function limitErrorOf(shape: DocumentShape, limits: DocumentLimits): DocumentLimitError | undefined {
  const { depth, aliases, directives, repeated, complete } = shape;
  const has = (count: string) => `The document has ${complete ? '' : 'at least '}${count}`;
  const allowed = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'is' : 'are'} allowed.`;
  if (depth > limits.depth) {
    return new DocumentLimitError(
      'TOO_DEEP',
      `${has(counted(depth, 'level'))} of fields; ${allowed(limits.depth)} Ask for what lies deeper in a query of its own.`,
    );
  }
  if (aliases > limits.aliases) {
    return new DocumentLimitError(
      'TOO_MANY_ALIASES',
      `${has(counted(aliases, 'alias', 'aliases'))}, its fragments written out; ${allowed(limits.aliases)}`,
    );
  }
  if (directives > limits.directives) {
    return new DocumentLimitError(
      'TOO_MANY_DIRECTIVES',
      `${has(counted(directives, 'directive'))}, its fragments written out; ${allowed(limits.directives)}`,
    );
  }
  if (repeated.times > limits.repetitions) {
    const times = `${complete ? '' : 'at least '}${counted(repeated.times, 'time')}`;
    return new DocumentLimitError(
      'TOO_EXPENSIVE',
      `The document selects ${repeated.field} ${times} in one place; ${allowed(limits.repetitions)}`,
    );
  }
  if (!complete) {
    return new DocumentLimitError(
      'TOO_EXPENSIVE',
      `With its fragments written out, the document has more than ${counted(limits.tokens, 'selection')}, as many as it may have tokens.`,
    );
  }
  return undefined;
}
