import { Ctx, Field, FieldResolver, InputType, ID, Int, ObjectType, Resolver, Root } from 'type-graphql';

import { ConnectionStatus, type ConnectionView } from '../../proton/connection';
import type { ConnectionFilter, ConnectionSelection, Page, TagFilter } from '../../proton/page';
import type { SubgraphContext } from '../context';
import { PageInfo, toGraphQLPage } from '../pagination';
import { EnvironmentAccountConnection, toGraphQLConnection } from './environment-account-connection';

@InputType({ description: 'A tag that a connection must have.' })
export class EnvironmentAccountConnectionTagFilter implements TagFilter {
  @Field(() => String)
  readonly key!: string;

  @Field(() => String, { nullable: true, description: 'Any value when omitted; `""` is the empty value.' })
  readonly value?: string | null;
}

@InputType({
  description:
    'Filters a list of connections. An omitted field does not filter; a value that no connection can have matches nothing.',
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
    description: 'Any of these; an empty list counts as omitted.',
  })
  readonly statuses?: readonly ConnectionStatus[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Environment names that begin with this. Every character stands for itself; an empty text counts as omitted.',
  })
  readonly environmentNamePrefix?: string | null;

  @Field(() => [EnvironmentAccountConnectionTagFilter], {
    nullable: true,
    description:
      'Connections that have all of these tags; a tag without a value matches any value. An empty list counts as omitted.',
  })
  readonly tags?: readonly EnvironmentAccountConnectionTagFilter[] | null;
}

@ObjectType({ simpleResolvers: true, description: 'A connection in a list, with its cursor.' })
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
    description: 'The nodes of the edges, for clients that need no cursors.',
  })
  readonly nodes!: readonly EnvironmentAccountConnection[];

  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}

/** The source of a page's fields. `totalCount` needs the selection. */
export interface GraphQLConnectionPage extends EnvironmentAccountConnectionConnection {
  readonly selection: ConnectionSelection;
}

export function toGraphQLConnectionPage(
  page: Page<ConnectionView>,
  selection: ConnectionSelection,
): GraphQLConnectionPage {
  return Object.assign(toGraphQLPage(page, toGraphQLConnection), { selection });
}

@Resolver(() => EnvironmentAccountConnectionConnection)
export class ConnectionPageResolver {
  @FieldResolver(() => Int, {
    nullable: true,
    description: "The number of matching connections on all pages; null when the back end can't count them.",
  })
  totalCount(
    @Root() { selection }: GraphQLConnectionPage,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<number | null> {
    return loaders.connectionCount.load(selection);
  }
}
