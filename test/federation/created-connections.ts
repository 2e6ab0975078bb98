import {
  CreateEnvironmentAccountConnectionDocument,
  type CreateEnvironmentAccountConnectionInput,
} from '../../generated/operations/graphql';
import { dataOf } from '../support/graphql-client';

export interface CreatedConnection {
  readonly id: string;
  readonly arn: string;
}

/** Creates connections in this order, through a subgraph or a gateway. */
export async function createConnections(
  url: string,
  inputs: readonly CreateEnvironmentAccountConnectionInput[],
): Promise<readonly CreatedConnection[]> {
  const created: CreatedConnection[] = [];
  for (const input of inputs) created.push(await createConnection(url, input));
  return created;
}

export async function createConnection(
  url: string,
  input: CreateEnvironmentAccountConnectionInput,
  headers: Readonly<Record<string, string>> = {},
): Promise<CreatedConnection> {
  const data = await dataOf(url, CreateEnvironmentAccountConnectionDocument, { create: input }, headers);
  const payload = data.createEnvironmentAccountConnection;
  if (!payload?.data) throw new Error(`not created: ${JSON.stringify(payload)}`);
  return payload.data;
}
