import { z } from 'zod';

import { ConnectionStatus, type ConnectionView, type Tag } from '../proton/connection';
import { connectionArn, isAccountId, isConnectionId, isRoleArn, type Region } from '../proton/identifiers';

/** An answer that is well-formed and is still none: it lacks what Proton always says, or says what can't be. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

const accountId = z.string().refine(isAccountId);
const role = z
  .string()
  .refine(isRoleArn)
  .nullish()
  .transform((arn) => arn ?? null);
const instant = z.date().transform((date) => date.getTime());

/** What a list says of a connection. */
const summary = z.object({
  id: z.string().refine(isConnectionId),
  arn: z.string(),
  status: z.enum(ConnectionStatus),
  environmentName: z.string().min(1),
  managementAccountId: accountId,
  environmentAccountId: accountId,
  roleArn: role,
  componentRoleArn: role,
  requestedAt: instant,
  lastModifiedAt: instant,
});

/** What every other answer says of it. */
const whole = summary.extend({ codebuildRoleArn: role });

const nextToken = z
  .string()
  .nullish()
  .transform((token) => (token === '' ? undefined : (token ?? undefined)));

const listAnswer = z.object({ environmentAccountConnections: z.array(summary), nextToken });
const connectionAnswer = z.object({ environmentAccountConnection: whole });
const deletionAnswer = z.object({ environmentAccountConnection: whole.nullish() });
const tagsAnswer = z.object({
  tags: z.array(z.object({ key: z.string(), value: z.string() })),
  nextToken,
});

/** One page of a list, or of a connection's tags. */
export interface AnswerPage<Item> {
  readonly items: readonly Item[];
  /** Undefined on the last page. */
  readonly nextToken: string | undefined;
}

/** @throws MalformedAnswer */
export function parseConnection(answer: unknown, region: Region): ConnectionView {
  return connectionIn(read(connectionAnswer, answer).environmentAccountConnection, region);
}

/**
 * Of a deletion, which answers without a connection where there was none.
 * @throws MalformedAnswer
 */
export function parseDeletion(answer: unknown, region: Region): ConnectionView | undefined {
  const { environmentAccountConnection: deleted } = read(deletionAnswer, answer);
  return deleted ? connectionIn(deleted, region) : undefined;
}

/** @throws MalformedAnswer */
export function parseList(answer: unknown, region: Region): AnswerPage<ConnectionView> {
  const { environmentAccountConnections, nextToken } = read(listAnswer, answer);
  return {
    items: environmentAccountConnections.map((connection) => connectionIn(connection, region)),
    nextToken,
  };
}

/** @throws MalformedAnswer */
export function parseTags(answer: unknown): AnswerPage<Tag> {
  const { tags, nextToken } = read(tagsAnswer, answer);
  return { items: tags, nextToken };
}

function read<Answer>(schema: z.ZodType<Answer>, answer: unknown): Answer {
  const { data, error } = schema.safeParse(answer);
  if (error) {
    const [first] = error.issues;
    throw new MalformedAnswer(`${first?.path.join('.') ?? ''}: ${first?.message ?? 'malformed'}`);
  }
  return data;
}

/** A connection says its Region in its ARN alone; one that does not fit the rest, or where it was found, is none. */
function connectionIn(
  { arn, ...connection }: z.infer<typeof summary> & { readonly codebuildRoleArn?: z.infer<typeof role> },
  region: Region,
): ConnectionView {
  if (arn !== connectionArn({ ...connection, region })) {
    throw new MalformedAnswer(`the connection ${connection.id} in ${region} has the ARN ${arn}`);
  }
  return { ...connection, region };
}
