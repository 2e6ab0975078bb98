import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  buildASTSchema,
  graphql,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isTypeDefinitionNode,
  Kind,
  parse,
  print,
  visit,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  type TypeDefinitionNode,
} from 'graphql';

import { buildSubgraph } from '../../src/subgraph/schema';
import { PROJECT } from '../support/server-process';

const { sdl, schema } = buildSubgraph();

/** Types of the contract that are not implemented yet. */
const NOT_YET = ['Subscription', 'EnvironmentAccountConnectionStatusChange'];

describe('The printed schema', () => {
  it('is the content of schema/schema.graphql, which `npm run schema` writes', () => {
    expect(readFileSync(join(PROJECT, 'schema', 'schema.graphql'), 'utf8')).toBe(sdl);
  });

  it('is what _service returns, without the definitions of federation', async () => {
    const { data } = await graphql({ schema, source: '{ _service { sdl } }' });
    expect(data).toEqual({ _service: { sdl } });
    expect(sdl).not.toMatch(/_Entity|_Any|federation__/);
  });

  it('is printed the same every time', () => {
    expect(buildSubgraph().sdl).toBe(sdl);
  });

  it('has every name, type, default and directive of the contract', () => {
    const contract = parse(readFileSync(join(__dirname, 'contract.graphql'), 'utf8'));
    const missing = [...linesOf(contract)].filter((line) => !linesOf(parse(sdl)).has(line));
    expect(missing).toEqual([]);
  });

  it('describes every type, and every root field', () => {
    const undescribed = Object.values(schema.getTypeMap()).filter(
      ({ name, description }) =>
        !/^(_|Query$|Mutation$|Subscription$)|^(ID|Int|Float|String|Boolean|federation__|link__)/.test(
          name,
        ) && !description,
    );
    expect(undescribed.map(({ name }) => name)).toEqual([]);
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap(
      (type) => Object.values(type?.getFields() ?? {}),
    );
    expect(roots.filter(({ name, description }) => !name.startsWith('_') && !description)).toEqual([]);
  });

  it('is a valid schema without the federation directives', () => {
    const plain = visit(parse(sdl), {
      SchemaExtension: () => null,
      Directive: () => null,
      DirectiveDefinition: () => null,
    });
    const types = Object.values(buildASTSchema(plain).getTypeMap());
    expect(
      types.filter((type) => isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)).length,
    ).toBeGreaterThan(30);
  });
});

/** Converts a document to lines, one for each name, type and directive that a client or a composer may use. */
function linesOf(document: DocumentNode): ReadonlySet<string> {
  const lines = new Set<string>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.SCHEMA_EXTENSION || definition.kind === Kind.SCHEMA_DEFINITION) {
      for (const directive of definition.directives ?? []) lines.add(`schema ${printDirective(directive)}`);
    } else if (definition.kind === Kind.DIRECTIVE_DEFINITION) {
      lines.add(print(visit(definition, { StringValue: () => null })));
    } else if (isTypeDefinitionNode(definition) && !NOT_YET.includes(definition.name.value)) {
      for (const line of typeLines(definition)) lines.add(line);
    }
  }
  return lines;
}

function* typeLines(type: TypeDefinitionNode): Generator<string> {
  const name = type.name.value;
  yield `${type.kind} ${name}`;
  for (const directive of type.directives ?? []) yield `${name} ${printDirective(directive)}`;
  if ('interfaces' in type)
    for (const { name: implemented } of type.interfaces ?? [])
      yield `${name} implements ${implemented.value}`;
  if ('values' in type) for (const { name: value } of type.values ?? []) yield `${name}.${value.value}`;
  if ('fields' in type) for (const field of type.fields ?? []) yield* fieldLines(name, field);
}

function* fieldLines(type: string, field: FieldDefinitionNode | InputValueDefinitionNode): Generator<string> {
  const name = `${type}.${field.name.value}`;
  yield `${name}: ${print(field.type)}`;
  for (const directive of field.directives ?? []) yield `${name} ${printDirective(directive)}`;
  if (!('arguments' in field)) return;
  for (const { name: argument, type: argumentType, defaultValue } of field.arguments ?? []) {
    yield `${name}(${argument.value}: ${print(argumentType)} = ${defaultValue ? print(defaultValue) : 'none'})`;
  }
}

function printDirective(directive: ConstDirectiveNode): string {
  const { name, arguments: list = [] } = directive;
  const sorted = list.map((argument) => print(argument)).sort();
  return `@${name.value}(${sorted.join(', ')})`;
}
