import { Arg, Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';

import { AccountRole } from '../../proton/connection';
import {
  EnvironmentAccountConnectionConnection,
  EnvironmentAccountConnectionFilter,
  showConnectionPage,
} from '../connection/connection-page';
import type { SubgraphContext } from '../context';
import { PageArgs, SizedByFirst } from '../pagination/page-args';
import { AwsAccount } from './aws-account';

@Resolver(() => AwsAccount)
export class AccountConnectionsResolver {
  @FieldResolver(() => EnvironmentAccountConnectionConnection, {
    nullable: true,
    description: 'The connections in which this account plays `role`; both roles when it is left out.',
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
    return showConnectionPage(page, { participation, filter });
  }
}
