import { ArgsType, Directive, Field, Int } from 'type-graphql';

import { DEFAULT_PAGE_SIZE, type PageRequest } from '../../proton/page';

/** The arguments of every paged field. Their bounds are the service's to judge. */
@ArgsType()
export class PageArgs implements PageRequest {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_PAGE_SIZE,
    description: 'How many items the page holds at the most: 1 to 100.',
  })
  readonly first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'A cursor of the same list and filter: the page starts after it.',
  })
  readonly after?: string | null;
}

/** Tells a gateway's cost analysis that `first` is the length of the page. */
export function SizedByFirst(): MethodDecorator & PropertyDecorator {
  return Directive(
    '@listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)',
  );
}
