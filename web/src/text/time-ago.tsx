import { ago, inFull } from './time';
import { useNow } from './use-now';

/** How long ago an instant was; its full form on hover and for machines. */
export function TimeAgo({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={inFull(at)}>
      {ago(at, now)}
    </time>
  );
}
