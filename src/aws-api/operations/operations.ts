import { createEnvironmentAccountConnection } from './create-connection';
import { listEnvironmentAccountConnections } from './list-connections';
import {
  acceptEnvironmentAccountConnection,
  deleteEnvironmentAccountConnection,
  getEnvironmentAccountConnection,
  rejectEnvironmentAccountConnection,
  updateEnvironmentAccountConnection,
} from './one-connection';
import type { Operation } from './operation';
import { listTagsForResource, tagResource, untagResource } from './tags';

/** All operations, by their names in Proton's model. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['CreateEnvironmentAccountConnection', createEnvironmentAccountConnection],
  ['GetEnvironmentAccountConnection', getEnvironmentAccountConnection],
  ['ListEnvironmentAccountConnections', listEnvironmentAccountConnections],
  ['UpdateEnvironmentAccountConnection', updateEnvironmentAccountConnection],
  ['AcceptEnvironmentAccountConnection', acceptEnvironmentAccountConnection],
  ['RejectEnvironmentAccountConnection', rejectEnvironmentAccountConnection],
  ['DeleteEnvironmentAccountConnection', deleteEnvironmentAccountConnection],
  ['TagResource', tagResource],
  ['UntagResource', untagResource],
  ['ListTagsForResource', listTagsForResource],
]);
