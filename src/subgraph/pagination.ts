// For the decorators: this is the first module with some that others import.
import 'reflect-metadata';
import { ArgsType, Directive, Field, Int, ObjectType } from 'type-graphql';

import { DEFAULT_PAGE_SIZE, type Page, type PageRequest } from '../proton/page';

/** The arguments of every paged field. The service validates them. */
@ArgsType()
export class PageArgs implements PageRequest {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_PAGE_SIZE,
    description: 'The maximum number of items on the page: 1 to 100.',
  })
  readonly first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'A cursor of the same list and filter: the page starts after it.',
  })
  readonly after?: string | null;
}

/** Declares for cost analysis that `first` is the length of the page. */
export function SizedByFirst(): MethodDecorator & PropertyDecorator {
  return Directive(
    '@listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)',
  );
}

@ObjectType({
  simpleResolvers: true,
  description:
    'The position of a page in its list, as the Relay cursor connections specification defines it.',
})
@Directive('@shareable')
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more items follow this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'True exactly when the page was requested with a cursor.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the first item; null on an empty page.',
  })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the last item: pass it as `after` for the next page. Null on an empty page.',
  })
  readonly endCursor!: string | null;
}

/**
 * Converts a page to the members that every page type of the schema has.
 *
 * Getters, because most queries select few of the members; of classes, because V8 keeps the getters of an object literal in its old
 * generation, from where they keep the rows of the page alive until the next full collection. Copies of the result lack the members.
 */
export function toGraphQLPage<Item, Node>(
  page: Page<Item>,
  toNode: (item: Item) => Node,
): Pick<GraphQLPage<Item, Node>, 'nodes' | 'edges' | 'pageInfo'> {
  return new GraphQLPage(page, toNode);
}

class GraphQLPage<Item, Node> {
  constructor(
    private readonly page: Page<Item>,
    private readonly toNode: (item: Item) => Node,
  ) {}

  get nodes(): readonly Node[] {
    return this.page.items.map(this.toNode);
  }

  get edges(): readonly GraphQLEdge<Node>[] {
    return this.page.items.map((item, index) => new GraphQLEdge(this.page, index, this.toNode(item)));
  }

  get pageInfo(): PageInfo {
    return new GraphQLPageInfo(this.page);
  }
}

class GraphQLEdge<Node> {
  constructor(
    private readonly page: Page<unknown>,
    private readonly index: number,
    readonly node: Node,
  ) {}

  get cursor(): string {
    return this.page.cursorAt(this.index);
  }
}

class GraphQLPageInfo implements PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;

  constructor(private readonly page: Page<unknown>) {
    ({ hasNextPage: this.hasNextPage, hasPreviousPage: this.hasPreviousPage } = page);
  }

  get startCursor(): string | null {
    return this.cursorAt(0);
  }

  get endCursor(): string | null {
    return this.cursorAt(this.page.items.length - 1);
  }

  private cursorAt(index: number): string | null {
    return this.page.items.length === 0 ? null : this.page.cursorAt(index);
  }
}
