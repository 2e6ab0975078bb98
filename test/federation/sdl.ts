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

/** What a subgraph says of itself when a gateway asks. */
export async function servedSdl(url: string): Promise<string> {
  const { _service } = await dataOf<{ readonly _service: { readonly sdl: string } }, never>(
    url,
    '{ _service { sdl } }',
  );
  return _service.sdl;
}

/** The directives on an object type, or on one of its fields, as written, their arguments in the order of their names. */
export function directivesAt(sdl: string, typeName: string, fieldName?: string): readonly string[] {
  const type = buildASTSchema(parse(sdl), { assumeValid: true, assumeValidSDL: true }).getType(typeName);
  if (!isObjectType(type)) throw new Error(`${typeName} is no object type of this schema`);
  const node = fieldName === undefined ? type.astNode : type.getFields()[fieldName]?.astNode;
  if (!node) throw new Error(`${typeName} has no field ${String(fieldName)}`);
  return (node.directives ?? []).map(printInOrder);
}

/** The same for the schema itself, wherever it is defined or extended. */
export function directivesOfSchema(sdl: string): readonly string[] {
  return parse(sdl).definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.directives ?? []).map(printInOrder)
      : [],
  );
}

/** Composers write the arguments in an order of their own. */
function printInOrder(directive: ConstDirectiveNode): string {
  const inOrder = (directive.arguments ?? []).toSorted((one, other) =>
    one.name.value.localeCompare(other.name.value),
  );
  return print({ ...directive, arguments: inOrder });
}

/** The types of a schema, printed, without what federation adds to every subgraph. */
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
