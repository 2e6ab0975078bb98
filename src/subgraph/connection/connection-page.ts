import { Ctx, Field, FieldResolver, InputType, ID, Int, ObjectType, Resolver, Root } from 'type-graphql';

import { ConnectionStatus, type ConnectionView } from '../../proton/connection';
import type { ConnectionFilter, ConnectionSelection } from '../../proton/connection-list';
import type { Page } from '../../proton/page';
import type { SubgraphContext } from '../context';
import { edgesOf, PageInfo } from '../pagination/page-info';
import { EnvironmentAccountConnection, showConnection } from './environment-account-connection';

@InputType({
  description:
    'Narrows a list of connections. What is left out does not narrow; a value that no connection can have matches none.',
})
export class EnvironmentAccountConnectionFilter implements ConnectionFilter {
  @Field(() => ID, { nullable: true })
  readonly managementAccountId?: string | null;

  @Field(() => ID, { nullable: true })
  readonly environmentAccountId?: string | null;

  @Field(() => String, { nullable: true })
  readonly environmentName?: string | null;

  @Field(() => String, { nullable: true })
  readonly region?: string | null;

  @Field(() => [ConnectionStatus], {
    nullable: true,
    description: 'Any of these; an empty list counts as left out.',
  })
  readonly statuses?: readonly ConnectionStatus[] | null;
}

@ObjectType({ simpleResolvers: true, description: 'A connection in a list, with its place there.' })
export class EnvironmentAccountConnectionEdge {
  @Field(() => String)
  readonly cursor!: string;

  @Field(() => EnvironmentAccountConnection)
  readonly node!: EnvironmentAccountConnection;
}

@ObjectType({ simpleResolvers: true, description: 'One page of a list of environment account connections.' })
export class EnvironmentAccountConnectionConnection {
  @Field(() => [EnvironmentAccountConnectionEdge])
  readonly edges!: readonly EnvironmentAccountConnectionEdge[];

  @Field(() => [EnvironmentAccountConnection], {
    description: 'The nodes of the edges, for whoever needs no cursors.',
  })
  readonly nodes!: readonly EnvironmentAccountConnection[];

  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}

/** A page as the schema shows it, with the selection that it is a page of. */
export interface ShownConnectionPage extends EnvironmentAccountConnectionConnection {
  readonly selection: ConnectionSelection;
}

export function showConnectionPage(
  page: Page<ConnectionView>,
  selection: ConnectionSelection,
): ShownConnectionPage {
  return Object.assign(edgesOf(page, showConnection), { selection });
}

@Resolver(() => EnvironmentAccountConnectionConnection)
export class ConnectionPageResolver {
  @FieldResolver(() => Int, {
    nullable: true,
    description: "How many connections match, over all pages; null where the back end can't count them.",
  })
  totalCount(
    @Root() { selection }: ShownConnectionPage,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<number | null> {
    return loaders.connectionCount.load(selection);
  }
}
