import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';

import { counted, DocumentLimitError, type DocumentLimits } from './document-limits';
import { isIntrospectionRoot } from './field-costs';

/** The size of a document with its fragments expanded. */
export interface DocumentShape {
  /** Levels of fields in the deepest operation, leaves included. */
  readonly depth: number;
  /** In the operation with the most. */
  readonly aliases: number;
  /** In the operation with the most, including those on its definition, variables and fragments. */
  readonly directives: number;
  /** The field that one selection set selects most often, under any alias. */
  readonly repeated: { readonly field: string; readonly times: number };
  /** Fields, fragment spreads and inline fragments of all operations. */
  readonly selections: number;
  /** False when measuring stopped at the limit; the other values are then lower bounds. */
  readonly complete: boolean;
}

/**
 * A selection set as execution merges it. Fields are identified by name, not by alias, because an attacker repeats a field under
 * many aliases.
 */
interface MergedSelection {
  times: number;
  readonly fields: Map<string, MergedSelection>;
}

/**
 * Measures a document before validation, so it does not rely on a valid one: fragments may spread each other in a cycle.
 *
 * Fragments are expanded, as in execution. Ten fragments that each spread the next one twice expand to a thousand, so measuring stops
 * at a number of selections.
 * @param maxSelections where measuring stops
 */
export function measureDocument(document: DocumentNode, maxSelections: number): DocumentShape {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const reached = new Set<string>();
  const expanding = new Set<string>();
  const max = { depth: 0, aliases: 0, directives: 0, repeated: { field: '', times: 0 } };
  let selections = 0;
  let aliases = 0;
  let directives = 0;

  const isTooLarge = () => selections > maxSelections;

  /** @param uncounted the name of a field that does not count as a level */
  function walk(
    set: SelectionSetNode,
    selectionsHere: MergedSelection,
    depth: number,
    uncounted?: string,
  ): void {
    for (const selection of set.selections) {
      selections += 1;
      if (isTooLarge()) return;
      directives += selection.directives?.length ?? 0;
      switch (selection.kind) {
        case Kind.FIELD: {
          const name = selection.name.value;
          if (selection.alias) aliases += 1;
          const inside = childOf(selectionsHere, name);
          const level = name === uncounted ? depth : depth + 1;
          max.depth = Math.max(max.depth, level);
          if (inside.times > max.repeated.times) {
            max.repeated = { field: name, times: inside.times };
          }
          const below = depth === 0 && isIntrospectionRoot(name) ? 'ofType' : uncounted;
          if (selection.selectionSet) walk(selection.selectionSet, inside, level, below);
          break;
        }
        case Kind.INLINE_FRAGMENT:
          walk(selection.selectionSet, selectionsHere, depth, uncounted);
          break;
        case Kind.FRAGMENT_SPREAD: {
          const fragment = fragments.get(selection.name.value);
          if (fragment) walkFragment(fragment, selectionsHere, depth, uncounted);
        }
      }
    }
  }

  function walkFragment(
    fragment: FragmentDefinitionNode,
    selectionsHere: MergedSelection,
    depth: number,
    uncounted?: string,
  ): void {
    const name = fragment.name.value;
    reached.add(name);
    if (expanding.has(name)) return;
    expanding.add(name);
    directives += fragment.directives?.length ?? 0;
    walk(fragment.selectionSet, selectionsHere, depth, uncounted);
    expanding.delete(name);
  }

  function endRoot(): void {
    max.aliases = Math.max(max.aliases, aliases);
    max.directives = Math.max(max.directives, directives);
    aliases = directives = 0;
  }

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    directives += definition.directives?.length ?? 0;
    for (const variable of definition.variableDefinitions ?? []) {
      directives += variable.directives?.length ?? 0;
    }
    walk(definition.selectionSet, newSelection(), 0);
    endRoot();
  }
  // Fragments that no operation spreads are invalid, but validation visits them as well.
  for (const [name, fragment] of fragments) {
    if (reached.has(name)) continue;
    walkFragment(fragment, newSelection(), 0);
    endRoot();
  }
  return { ...max, selections, complete: !isTooLarge() };
}

function newSelection(): MergedSelection {
  return { times: 0, fields: new Map() };
}

/** Counts one more selection of a field, and returns what is merged under it. */
function childOf({ fields }: MergedSelection, name: string): MergedSelection {
  let selectionsHere = fields.get(name);
  if (!selectionsHere) fields.set(name, (selectionsHere = newSelection()));
  selectionsHere.times += 1;
  return selectionsHere;
}

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
