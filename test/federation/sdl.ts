import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  buildASTSchema,
  isObjectType,
  isTypeDefinitionNode,
  Kind,
  parse,
  print,
  visit,
  type ConstDirectiveNode,
} from 'graphql';

import { dataOf } from '../support/graphql-client';
import { PROJECT } from '../support/server-process';

export function committedSdl(): string {
  return readFileSync(join(PROJECT, 'schema', 'schema.graphql'), 'utf8');
}

export function accountsSdl(): string {
  return readFileSync(join(PROJECT, 'examples', 'supergraph', 'schema.graphql'), 'utf8');
}

/** The SDL that a running subgraph returns. */
export async function servedSdl(url: string): Promise<string> {
  const { _service } = await dataOf<{ readonly _service: { readonly sdl: string } }, never>(
    url,
    '{ _service { sdl } }',
  );
  return _service.sdl;
}

/** The directives on an object type or on one of its fields, printed with sorted arguments. */
export function directivesAt(sdl: string, typeName: string, fieldName?: string): readonly string[] {
  const type = buildASTSchema(parse(sdl), { assumeValid: true, assumeValidSDL: true }).getType(typeName);
  if (!isObjectType(type)) throw new Error(`${typeName} is not an object type of this schema`);
  const node = fieldName === undefined ? type.astNode : type.getFields()[fieldName]?.astNode;
  if (!node) throw new Error(`${typeName} has no field ${String(fieldName)}`);
  return (node.directives ?? []).map(printSorted);
}

/** The directives on the schema, from its definition and its extensions. */
export function directivesOfSchema(sdl: string): readonly string[] {
  return parse(sdl).definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.directives ?? []).map(printSorted)
      : [],
  );
}

/** Sorts the arguments, because each composer prints them in a different order. */
function printSorted(directive: ConstDirectiveNode): string {
  const sorted = (directive.arguments ?? []).toSorted((one, other) =>
    one.name.value.localeCompare(other.name.value),
  );
  return print({ ...directive, arguments: sorted });
}

/** Prints the types of a schema without those that federation adds to every subgraph. */
export function ownTypes(sdl: string): readonly string[] {
  const document = visit(parse(sdl), {
    FieldDefinition: ({ name }) => (name.value.startsWith('_') ? null : undefined),
  });
  return document.definitions
    .filter(isTypeDefinitionNode)
    .filter(({ name }) => !/^(_|link__|federation__)/.test(name.value))
    .map((definition) => print(definition))
    .toSorted();
}
