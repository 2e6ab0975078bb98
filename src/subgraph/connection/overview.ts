import {
  Arg,
  Ctx,
  Directive,
  Field,
  FieldResolver,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';

import { ConnectionStatus, type EpochMilliseconds } from '../../proton/connection';
import { DEFAULT_LONGEST_PENDING, DEFAULT_WEEKS, type ConnectionOverview } from '../../proton/overview';
import type { SubgraphContext } from '../context';
import { EnvironmentAccountConnectionFilter } from './connection-page';
import {
  DateTime,
  EnvironmentAccountConnection,
  toGraphQLConnection,
} from './environment-account-connection';

@ObjectType({ simpleResolvers: true, description: 'How many connections have a status.' })
export class EnvironmentAccountConnectionStatusCount {
  @Field(() => ConnectionStatus)
  readonly status!: ConnectionStatus;

  @Field(() => Int)
  readonly count!: number;
}

@ObjectType({ simpleResolvers: true, description: 'What happened in one week.' })
export class EnvironmentAccountConnectionWeek {
  @Field(() => DateTime, { description: 'Monday, 00:00 UTC.' })
  readonly startsAt!: EpochMilliseconds;

  @Field(() => Int, { description: 'Connections that were requested in the week.' })
  readonly requested!: number;

  @Field(() => Int, { description: 'Connections whose first decision was to accept them, in the week.' })
  readonly accepted!: number;

  @Field(() => Int, { description: 'Connections whose first decision was to reject them, in the week.' })
  readonly rejected!: number;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Counts and times of connections. Deleted connections do not count.',
})
export class EnvironmentAccountConnectionOverview {
  @Field(() => [EnvironmentAccountConnectionStatusCount], {
    description: 'Every status, in the order of the enum.',
  })
  readonly byStatus!: readonly EnvironmentAccountConnectionStatusCount[];

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the pending connection that has waited longest was requested; null when none is pending.',
  })
  readonly oldestPendingAt!: EpochMilliseconds | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'The median time from the request to the first decision, of the connections that were first accepted or rejected in these weeks; null when there are none.',
  })
  readonly medianSecondsToDecision!: number | null;

  @Field(() => [EnvironmentAccountConnectionWeek], {
    description: 'In the order of time; the last one is the week of today.',
  })
  readonly weeks!: readonly EnvironmentAccountConnectionWeek[];
}

type Filter = EnvironmentAccountConnectionFilter | null | undefined;

/** The source of an overview's fields. `longestPending` needs the filter. */
interface GraphQLOverview extends EnvironmentAccountConnectionOverview {
  readonly filter: Filter;
}

@Resolver(() => EnvironmentAccountConnectionOverview)
export class ConnectionOverviewResolver {
  @Query(() => EnvironmentAccountConnectionOverview, {
    nullable: true,
    description:
      "Counts and times among the connections that the caller can see and that match the filter. `weeks` must be 1 to 104. Null when the back end can't compute them.",
  })
  @Directive('@cost(weight: 50)')
  async environmentAccountConnectionOverview(
    @Arg('filter', () => EnvironmentAccountConnectionFilter, { nullable: true })
    filter: Filter,
    @Arg('weeks', () => Int, { nullable: true, defaultValue: DEFAULT_WEEKS })
    weeks: number | null | undefined,
    @Ctx() { session }: SubgraphContext,
  ): Promise<GraphQLOverview | null> {
    const overview = await session.readOverview({ filter, weeks });
    return overview && toGraphQLOverview(overview, filter);
  }

  @FieldResolver(() => [EnvironmentAccountConnection], {
    nullable: true,
    description: 'The pending connections that have waited longest for a decision, longest first.',
  })
  @Directive('@listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)')
  async longestPending(
    @Root() { filter }: GraphQLOverview,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: DEFAULT_LONGEST_PENDING,
      description: 'The maximum number of connections: 1 to 100.',
    })
    first: number | null | undefined,
    @Ctx() { loaders }: SubgraphContext,
  ): Promise<readonly EnvironmentAccountConnection[] | null> {
    const connections = await loaders.longestPending.load({ filter, first });
    return connections?.map(toGraphQLConnection) ?? null;
  }
}

function toGraphQLOverview(
  { byStatus, oldestPendingAt, medianDecisionMs, weeks }: ConnectionOverview,
  filter: Filter,
): GraphQLOverview {
  return {
    filter,
    byStatus: Object.values(ConnectionStatus).map((status) => ({ status, count: byStatus[status] })),
    oldestPendingAt,
    medianSecondsToDecision: medianDecisionMs === null ? null : Math.round(medianDecisionMs / 1_000),
    weeks,
  };
}
