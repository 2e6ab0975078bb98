import { isObject } from '../../../proton/validation/values';

/** Something that a file contains, before it is validated. */
export type DocumentItem =
  /** Should be a connection. */
  | { readonly kind: 'record'; readonly value: unknown; readonly source: RecordSource }
  | { readonly kind: 'template'; readonly template: TemplateDocument }
  /** A document that can't be imported. */
  | { readonly kind: 'problem'; readonly reason: string }
  /** Information for the user that does not stop the import. */
  | { readonly kind: 'note'; readonly text: string };

/** An item as it is in its document, where a template may be a string: `aws cloudformation get-template` prints it so. */
export type UnparsedItem = DocumentItem | { readonly kind: 'text'; readonly text: string };

/** The command that printed a record. In a `get`, a missing role means that there is none; in a `list`, it may exist. */
export type RecordSource = 'list' | 'get' | 'alone';

/** A CloudFormation template: plain values, with intrinsic functions in their long form. */
export interface TemplateDocument {
  readonly content: Readonly<Record<string, unknown>>;
  /** The line in which a resource begins, if it is known. */
  readonly lineOf: (logicalId: string) => number | undefined;
}

/** A file can't be read to its end. The message is a phrase that follows the file's name. */
export class UnreadableError extends Error {
  override readonly name: string = 'UnreadableError';
}

const RECORD_MEMBERS = ['id', 'arn', 'environmentName', 'managementAccountId', 'environmentAccountId'];

/** The items of one whole document. The JSON reader has already removed the records of a list. */
export function documentItems(
  document: unknown,
  lineOf: TemplateDocument['lineOf'] = () => undefined,
): readonly UnparsedItem[] {
  if (!isObject(document)) {
    return [{ kind: 'problem', reason: `holds ${kindOf(document)} ${WHAT_IS_EXPECTED}` }];
  }
  if (Object.hasOwn(document, 'environmentAccountConnections')) return listItems(document);
  if (Object.hasOwn(document, 'environmentAccountConnection')) {
    return [recordItem(document['environmentAccountConnection'], 'get')];
  }
  if (Object.hasOwn(document, 'Resources') || Object.hasOwn(document, 'AWSTemplateFormatVersion')) {
    return [{ kind: 'template', template: { content: document, lineOf } }];
  }
  if (Object.hasOwn(document, 'TemplateBody')) return templateBodyItems(document['TemplateBody'], lineOf);
  if (RECORD_MEMBERS.some((member) => Object.hasOwn(document, member))) {
    return [recordItem(document, 'alone')];
  }
  return [{ kind: 'problem', reason: `holds an object ${WHAT_IS_EXPECTED}` }];
}

export function recordItem(value: unknown, source: RecordSource): DocumentItem {
  return { kind: 'record', value, source };
}

const WHAT_IS_EXPECTED =
  'that is neither a connection, nor what the aws CLI prints of connections, nor a CloudFormation template';

/** Output of `aws cloudformation get-template`: a template in YAML is a string, a template in JSON an object. */
function templateBodyItems(body: unknown, lineOf: TemplateDocument['lineOf']): readonly UnparsedItem[] {
  return typeof body === 'string' ? [{ kind: 'text', text: body }] : documentItems(body, lineOf);
}

function listItems(document: Readonly<Record<string, unknown>>): readonly DocumentItem[] {
  const list = document['environmentAccountConnections'];
  if (!Array.isArray(list)) {
    return [
      {
        kind: 'problem',
        reason: `has ${kindOf(list)} for environmentAccountConnections, which must be a list`,
      },
    ];
  }
  const items = list.map((value: unknown) => recordItem(value, 'list'));
  const nextToken = document['nextToken'] ?? document['NextToken'];
  if (typeof nextToken !== 'string' || nextToken === '') return items;
  return [
    ...items,
    {
      kind: 'note',
      text: 'has a nextToken: it is one page of a longer list, and the rest is not in it',
    },
  ];
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
