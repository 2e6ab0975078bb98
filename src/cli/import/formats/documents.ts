/** What a file holds, before anything in it is judged. */
export type Finding =
  /** Something that should be a connection. */
  | { readonly kind: 'record'; readonly value: unknown; readonly source: RecordSource }
  | { readonly kind: 'template'; readonly template: TemplateDocument }
  /** A document that holds nothing of use. */
  | { readonly kind: 'problem'; readonly reason: string }
  /** Something that whoever runs the import should know. */
  | { readonly kind: 'note'; readonly text: string };

/** What one document holds, where a template may still be the text that CloudFormation was given. */
export type Found = Finding | { readonly kind: 'text'; readonly text: string };

/** What printed a record decides what its silence means: a get shows every role that there is, a list does not. */
export type RecordSource = 'list' | 'get' | 'alone';

/** A CloudFormation template: plain values, with intrinsic functions in their long form. */
export interface TemplateDocument {
  readonly content: Readonly<Record<string, unknown>>;
  /** The line on which a resource begins, where it is known. */
  readonly lineOf: (logicalId: string) => number | undefined;
}

const RECORD_MEMBERS = ['id', 'arn', 'environmentName', 'managementAccountId', 'environmentAccountId'];

/** Tells what one whole document is. The records of a list that were found before are no longer in it. */
export function documentFindings(
  document: unknown,
  lineOf: TemplateDocument['lineOf'] = () => undefined,
): readonly Found[] {
  if (!isObject(document))
    return [{ kind: 'problem', reason: `holds ${kindOf(document)} ${WHERE_EXPECTED}` }];
  if (Object.hasOwn(document, 'environmentAccountConnections')) return listFindings(document);
  if (Object.hasOwn(document, 'environmentAccountConnection')) {
    return [recordFinding(document['environmentAccountConnection'], 'get')];
  }
  if (Object.hasOwn(document, 'Resources') || Object.hasOwn(document, 'AWSTemplateFormatVersion')) {
    return [{ kind: 'template', template: { content: document, lineOf } }];
  }
  if (Object.hasOwn(document, 'TemplateBody')) return bodyFindings(document['TemplateBody'], lineOf);
  if (RECORD_MEMBERS.some((member) => Object.hasOwn(document, member)))
    return [recordFinding(document, 'alone')];
  return [{ kind: 'problem', reason: `holds an object ${WHERE_EXPECTED}` }];
}

export function recordFinding(value: unknown, source: RecordSource): Finding {
  return { kind: 'record', value, source };
}

const WHERE_EXPECTED =
  'that is neither a connection, nor what the aws CLI prints of connections, nor a CloudFormation template';

/** What `aws cloudformation get-template` prints: a template in YAML as a text, one in JSON as an object. */
function bodyFindings(body: unknown, lineOf: TemplateDocument['lineOf']): readonly Found[] {
  return typeof body === 'string' ? [{ kind: 'text', text: body }] : documentFindings(body, lineOf);
}

function listFindings(document: Readonly<Record<string, unknown>>): readonly Finding[] {
  const list = document['environmentAccountConnections'];
  if (!Array.isArray(list)) {
    return [
      {
        kind: 'problem',
        reason: `has ${kindOf(list)} for environmentAccountConnections, which must be a list`,
      },
    ];
  }
  const findings = list.map((value: unknown) => recordFinding(value, 'list'));
  const next = document['nextToken'] ?? document['NextToken'];
  if (typeof next !== 'string' || next === '') return findings;
  return [
    ...findings,
    {
      kind: 'note',
      text: 'has a nextToken: it is one page of a longer list, and the rest is not in it',
    },
  ];
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** What keeps a file from being read on: a phrase that follows the file's name and a colon. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}
