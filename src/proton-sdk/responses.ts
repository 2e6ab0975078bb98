import { z } from 'zod';

import { ConnectionStatus, type ConnectionView, type Tag } from '../proton/connection';
import { connectionArn, isAccountId, isConnectionId, isRoleArn, type Region } from '../proton/identifiers';

/** A response from Proton that lacks a required member or has an impossible value. */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
}

const accountId = z.string().refine(isAccountId);
const role = z
  .string()
  .refine(isRoleArn)
  .nullish()
  .transform((arn) => arn ?? null);
const instant = z.date().transform((date) => date.getTime());

/** A connection as lists contain it. */
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

/** A connection as all other responses contain it. */
const details = summary.extend({ codebuildRoleArn: role });

const nextToken = z
  .string()
  .nullish()
  .transform((token) => (token === '' ? undefined : (token ?? undefined)));

const listResponse = z.object({ environmentAccountConnections: z.array(summary), nextToken });
const connectionResponse = z.object({ environmentAccountConnection: details });
const deletionResponse = z.object({ environmentAccountConnection: details.nullish() });
const tagsResponse = z.object({
  tags: z.array(z.object({ key: z.string(), value: z.string() })),
  nextToken,
});

/** One page of a list, or of a connection's tags. */
export interface ResponsePage<Item> {
  readonly items: readonly Item[];
  /** Undefined on the last page. */
  readonly nextToken: string | undefined;
}

/**
 * Parses the response of a get, create, update, accept or reject.
 * @throws MalformedResponseError
 */
export function parseConnection(response: unknown, region: Region): ConnectionView {
  return connectionIn(read(connectionResponse, response).environmentAccountConnection, region);
}

/**
 * Parses the response of a delete; undefined if there was no connection to delete.
 * @throws MalformedResponseError
 */
export function parseDeletion(response: unknown, region: Region): ConnectionView | undefined {
  const { environmentAccountConnection: deleted } = read(deletionResponse, response);
  return deleted ? connectionIn(deleted, region) : undefined;
}

/** @throws MalformedResponseError */
export function parseList(response: unknown, region: Region): ResponsePage<ConnectionView> {
  const { environmentAccountConnections, nextToken } = read(listResponse, response);
  return {
    items: environmentAccountConnections.map((connection) => connectionIn(connection, region)),
    nextToken,
  };
}

/** @throws MalformedResponseError */
export function parseTags(response: unknown): ResponsePage<Tag> {
  const { tags, nextToken } = read(tagsResponse, response);
  return { items: tags, nextToken };
}

function read<Response>(schema: z.ZodType<Response>, response: unknown): Response {
  const { data, error } = schema.safeParse(response);
  if (error) {
    const [first] = error.issues;
    throw new MalformedResponseError(`${first?.path.join('.') ?? ''}: ${first?.message ?? 'malformed'}`);
  }
  return data;
}

/** Checks the ARN, the only member with the Region: it must match the other members and the Region that was called. */
function connectionIn(
  { arn, ...connection }: z.infer<typeof summary> & { readonly codebuildRoleArn?: z.infer<typeof role> },
  region: Region,
): ConnectionView {
  if (arn !== connectionArn({ ...connection, region })) {
    throw new MalformedResponseError(`the connection ${connection.id} in ${region} has the ARN ${arn}`);
  }
  return { ...connection, region };
}
