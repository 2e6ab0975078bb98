import { Ctx, FieldResolver, registerEnumType, Resolver, Root } from 'type-graphql';

import { ConnectionAction } from '../../proton/connection-actions';
import type { SubgraphContext } from '../context';
import { EnvironmentAccountConnection, type GraphQLConnection } from './environment-account-connection';

registerEnumType(ConnectionAction, {
  name: 'EnvironmentAccountConnectionAction',
  description: 'A mutation of a connection that exists.',
  valuesConfig: {
    UPDATE: { description: 'updateEnvironmentAccountConnection' },
    TAG: { description: 'tagEnvironmentAccountConnection' },
    UNTAG: { description: 'untagEnvironmentAccountConnection' },
    DELETE: { description: 'deleteEnvironmentAccountConnection' },
    ACCEPT: { description: 'acceptEnvironmentAccountConnection' },
    REJECT: {
      description: 'rejectEnvironmentAccountConnection, which also withdraws a connected one',
    },
  },
});

@Resolver(() => EnvironmentAccountConnection)
export class ConnectionActionsResolver {
  @FieldResolver(() => [ConnectionAction], {
    description:
      'What the caller may do with the connection as it now is. Any other action would be refused, or would change nothing.',
  })
  async viewerActions(
    @Root() { connection, isDeleted = false }: GraphQLConnection,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<readonly ConnectionAction[]> {
    return isDeleted ? [] : loaders.actions.load(connection);
  }
}
