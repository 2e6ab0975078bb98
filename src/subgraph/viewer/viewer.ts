import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ObjectType,
  Query,
  registerEnumType,
  Resolver,
} from 'type-graphql';

import { permissionsOf, type Permission, type Viewer } from '../../proton/viewer';
import { AwsAccount } from '../account/aws-account';
import type { SubgraphContext } from '../context';
import { PageArgs, PageInfo, SizedByFirst, toGraphQLPage } from '../pagination';

/** The permissions as the schema names them. */
const GraphQLPermission = { READ: 'read', WRITE: 'write', APPROVE: 'approve' } as const satisfies Record<
  string,
  Permission
>;

registerEnumType(GraphQLPermission, {
  name: 'EnvironmentAccountConnectionPermission',
  description: 'What a caller may do with the connections of an account.',
  valuesConfig: {
    READ: { description: 'See the connections in which the account takes part.' },
    WRITE: { description: 'Act as their environment account: create, update, tag, untag and delete.' },
    APPROVE: { description: 'Act as their management account: accept and reject.' },
  },
});

@ObjectType({
  simpleResolvers: true,
  description: 'An account, and what the caller may do with its connections.',
})
export class EnvironmentAccountConnectionViewerAccount {
  @Field(() => AwsAccount)
  readonly account!: AwsAccount;

  @Field(() => [GraphQLPermission])
  readonly permissions!: readonly Permission[];
}

@ObjectType({ simpleResolvers: true, description: 'The caller.' })
export class EnvironmentAccountConnectionViewer {
  @Field(() => String, {
    description: "The token's subject; `anonymous` or `router` without one.",
  })
  readonly subject!: string;

  @Field(() => [GraphQLPermission], {
    description:
      'What the caller may do with every account. READ is listed wherever WRITE or APPROVE is, here and below.',
  })
  readonly everyAccount!: readonly Permission[];

  @Field(() => [EnvironmentAccountConnectionViewerAccount], {
    description:
      'Accounts with which the caller may do more than with every account, in the order of their ids.',
  })
  readonly accounts!: readonly EnvironmentAccountConnectionViewerAccount[];
}

@ObjectType({ simpleResolvers: true, description: 'An account in a list, with its cursor.' })
export class EnvironmentAccountConnectionAccountEdge {
  @Field(() => String)
  readonly cursor!: string;

  @Field(() => AwsAccount)
  readonly node!: AwsAccount;
}

@ObjectType({ simpleResolvers: true, description: 'One page of a list of accounts.' })
export class EnvironmentAccountConnectionAccountConnection {
  @Field(() => [EnvironmentAccountConnectionAccountEdge])
  readonly edges!: readonly EnvironmentAccountConnectionAccountEdge[];

  @Field(() => [AwsAccount])
  readonly nodes!: readonly AwsAccount[];

  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}

@Resolver(() => EnvironmentAccountConnectionViewer)
export class ViewerResolver {
  @Query(() => EnvironmentAccountConnectionViewer, {
    nullable: true,
    description: 'Who is asking, and what they may do with which accounts.',
  })
  environmentAccountConnectionViewer(@Ctx() { viewer }: SubgraphContext): EnvironmentAccountConnectionViewer {
    return toGraphQLViewer(viewer);
  }

  @FieldResolver(() => EnvironmentAccountConnectionAccountConnection, {
    nullable: true,
    description:
      'The accounts whose connections the caller may see, in the order of their ids: those that the permissions name, and where READ is in `everyAccount` also those that occur in a connection, in either role.',
  })
  @SizedByFirst()
  async readableAccounts(
    @Arg('idPrefix', () => String, {
      nullable: true,
      description: 'The first digits of the ids; an empty text counts as omitted.',
    })
    idPrefix: string | null | undefined,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<EnvironmentAccountConnectionAccountConnection> {
    const page = await loaders.accounts.load({ idPrefix, first, after });
    return toGraphQLPage(page, (account) => account);
  }
}

function toGraphQLViewer(viewer: Viewer): EnvironmentAccountConnectionViewer {
  const everyAccount = permissionsOf(viewer.onEveryAccount);
  const accounts = [...viewer.onAccounts].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    subject: viewer.subject,
    everyAccount,
    accounts: accounts.flatMap(([id, granted]): EnvironmentAccountConnectionViewerAccount[] => {
      const permissions = permissionsOf(granted);
      const isMore = permissions.some((permission) => !everyAccount.includes(permission));
      return isMore ? [{ account: { id }, permissions }] : [];
    }),
  };
}
