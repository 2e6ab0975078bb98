import type { ValidationRule } from 'graphql';

import type { DocumentLimits } from './document-limits';
import { documentShapeRule } from './document-shape';

/** How documents are parsed, validated and executed within the limits, whatever brings them. */
export interface DocumentChecks {
  readonly maxTokens: number;
  /** In addition to those of the specification. */
  readonly rules: readonly ValidationRule[];
  readonly maxErrors: number;
  readonly hideSuggestions: boolean;
}

/** @param suggestions whether messages may suggest names of the schema */
export function documentChecks(limits: DocumentLimits, suggestions: boolean): DocumentChecks {
  return {
    maxTokens: limits.tokens,
    rules: [documentShapeRule(limits)],
    maxErrors: limits.validationErrors,
    hideSuggestions: !suggestions,
  };
}
