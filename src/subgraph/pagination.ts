import { Directive, Field, ObjectType } from 'type-graphql';

import type { Page } from '../../proton/page';

@ObjectType({
  simpleResolvers: true,
  description: 'Where a page lies in its list, in the terms of the Relay cursor connections specification.',
})
@Directive('@shareable')
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more items follow this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'True exactly when the page was asked for with a cursor.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the first item; null on an empty page.',
  })
  readonly startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The cursor of the last item, to be given as `after` for the next page; null on an empty page.',
  })
  readonly endCursor!: string | null;
}

/** What a page type of the schema shows of a page. Cursors are written when they are asked for, and seldom are. */
export function edgesOf<Item, Node>(page: Page<Item>, nodeOf: (item: Item) => Node) {
  const { items, hasNextPage, hasPreviousPage, cursorAt } = page;
  return {
    get nodes(): readonly Node[] {
      return items.map(nodeOf);
    },
    get edges(): readonly { readonly cursor: string; readonly node: Node }[] {
      return items.map((item, index) => ({
        get cursor() {
          return cursorAt(index);
        },
        node: nodeOf(item),
      }));
    },
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      get startCursor() {
        return items.length === 0 ? null : cursorAt(0);
      },
      get endCursor() {
        return items.length === 0 ? null : cursorAt(items.length - 1);
      },
    } satisfies PageInfo,
  };
}
