import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

import { isIntrospectionRoot } from './introspection';

/** How large a document is once its fragments are written out. */
export interface DocumentShape {
  /** Levels of fields in its deepest operation, the lowest one included. */
  readonly depth: number;
  /** Of the operation with the most. */
  readonly aliases: number;
  /** Of the operation with the most, those on its definition, variables and fragments included. */
  readonly directives: number;
  /** The field that is selected the most often in one place, under whatever alias. */
  readonly repeated: { readonly field: string; readonly times: number };
  /** Fields, fragment spreads and inline fragments, of all operations. */
  readonly selections: number;
  /** False when the measuring was given up, so that all of the above is what was found until then. */
  readonly complete: boolean;
}

/**
 * The same place, as execution merges them: fields are told apart by their names alone, for an alias is what somebody who
 * repeats a field would hide behind.
 */
interface Place {
  times: number;
  readonly fields: Map<string, Place>;
}

/**
 * Measures a document before it is validated: nothing in here relies on its being valid, and fragments that spread each other
 * in a circle are left for validation to refuse.
 *
 * Fragments are written out, as they are for execution. Ten that each spread the next one twice make a thousand of a few lines,
 * so it stops at a number of selections.
 * @param mostSelections at which it stops
 */
export function measureDocument(document: DocumentNode, mostSelections: number): DocumentShape {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const reached = new Set<string>();
  const open = new Set<string>();
  const greatest = { depth: 0, aliases: 0, directives: 0, repeated: { field: '', times: 0 } };
  let selections = 0;
  let aliases = 0;
  let directives = 0;

  const isTooLarge = () => selections > mostSelections;

  /** @param uncounted the name of fields that make no level, where there is one */
  function walk(set: SelectionSetNode, place: Place, depth: number, uncounted?: string): void {
    for (const selection of set.selections) {
      selections += 1;
      if (isTooLarge()) return;
      directives += selection.directives?.length ?? 0;
      switch (selection.kind) {
        case Kind.FIELD: {
          const name = selection.name.value;
          if (selection.alias) aliases += 1;
          const inside = placeOf(place, name);
          const level = name === uncounted ? depth : depth + 1;
          greatest.depth = Math.max(greatest.depth, level);
          if (inside.times > greatest.repeated.times) {
            greatest.repeated = { field: name, times: inside.times };
          }
          const below = depth === 0 && isIntrospectionRoot(name) ? 'ofType' : uncounted;
          if (selection.selectionSet) walk(selection.selectionSet, inside, level, below);
          break;
        }
        case Kind.INLINE_FRAGMENT:
          walk(selection.selectionSet, place, depth, uncounted);
          break;
        case Kind.FRAGMENT_SPREAD: {
          const fragment = fragments.get(selection.name.value);
          if (fragment) walkFragment(fragment, place, depth, uncounted);
        }
      }
    }
  }

  function walkFragment(
    fragment: FragmentDefinitionNode,
    place: Place,
    depth: number,
    uncounted?: string,
  ): void {
    const name = fragment.name.value;
    reached.add(name);
    if (open.has(name)) return;
    open.add(name);
    directives += fragment.directives?.length ?? 0;
    walk(fragment.selectionSet, place, depth, uncounted);
    open.delete(name);
  }

  function endRoot(): void {
    greatest.aliases = Math.max(greatest.aliases, aliases);
    greatest.directives = Math.max(greatest.directives, directives);
    aliases = directives = 0;
  }

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    directives += definition.directives?.length ?? 0;
    for (const variable of definition.variableDefinitions ?? []) {
      directives += variable.directives?.length ?? 0;
    }
    walk(definition.selectionSet, newPlace(), 0);
    endRoot();
  }
  // What no operation spreads is invalid, but it has to be validated before that is known.
  for (const [name, fragment] of fragments) {
    if (reached.has(name)) continue;
    walkFragment(fragment, newPlace(), 0);
    endRoot();
  }
  return { ...greatest, selections, complete: !isTooLarge() };
}

function newPlace(): Place {
  return { times: 0, fields: new Map() };
}

/** The place under a field that is selected once more. */
function placeOf({ fields }: Place, name: string): Place {
  let place = fields.get(name);
  if (!place) fields.set(name, (place = newPlace()));
  place.times += 1;
  return place;
}
