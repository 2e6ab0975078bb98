import {
  acceptEnvironmentAccountConnection,
  createEnvironmentAccountConnection,
  deleteEnvironmentAccountConnection,
  getEnvironmentAccountConnection,
  rejectEnvironmentAccountConnection,
  updateEnvironmentAccountConnection,
} from './connections';
import { listEnvironmentAccountConnections } from './list-connections';
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
