import { InMemoryCache } from '@apollo/client';
import { parse, separateOperations } from 'graphql';
import type * as generated from '../../../generated/console/graphql';

type Documents = typeof generated;
type OperationName = keyof Documents extends infer Key
  ? Key extends `${infer Name}Document`
    ? Exclude<Name, `${string}Fields` | 'ConnectionRow' | ''>
    : never
  : never;

const files = import.meta.glob<string>('../**/*.graphql', { query: '?raw', import: 'default', eager: true });
// With every `__typename` that the cache needs. If they were missing, the cache would transform each document again whenever it
// forgets its results.
const operations = separateOperations(
  new InMemoryCache().transformDocument(parse(Object.values(files).join('\n'))),
);

/**
 * An operation of this folder's `.graphql` files with the fragments it uses. Only its type comes from `generated/`,
 * so that building the console takes no code generator.
 */
export function operation<Name extends OperationName>(name: Name): Documents[`${Name}Document`] {
  const document = operations[name];
  if (!document) throw new Error(`No .graphql file has the operation ${name}`);
  return document;
}
