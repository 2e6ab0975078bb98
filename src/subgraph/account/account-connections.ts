import { Arg, Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';

import { AccountRole } from '../../proton/connection';
import {
  EnvironmentAccountConnectionConnection,
  EnvironmentAccountConnectionFilter,
  toGraphQLConnectionPage,
} from '../connection/connection-page';
import type { SubgraphContext } from '../context';
import { PageArgs, SizedByFirst } from '../pagination';
import { AwsAccount } from './aws-account';

@Resolver(() => AwsAccount)
export class AccountConnectionsResolver {
  @FieldResolver(() => EnvironmentAccountConnectionConnection, {
    nullable: true,
    description: 'The connections in which this account has the role; either role when `role` is omitted.',
  })
  @SizedByFirst()
  async environmentAccountConnections(
    @Root() { id: accountId }: AwsAccount,
    @Arg('role', () => AccountRole, { nullable: true }) role: AccountRole | null | undefined,
    @Arg('filter', () => EnvironmentAccountConnectionFilter, { nullable: true })
    filter: EnvironmentAccountConnectionFilter | null | undefined,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnectionConnection> {
    const participation = { accountId, role: role ?? null };
    const page = await loaders.connectionPage.load({ participation, filter, first, after });
    return toGraphQLConnectionPage(page, { participation, filter });
  }
}
