import { ago, inFull } from './time';

/** How long ago an instant was; its full form on hover and for machines. */
export function TimeAgo({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={inFull(at)}>
      {ago(at)}
    </time>
  );
}
