import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useEffect, useState } from 'react';
import type { Failure } from '../graphql/failure';
import { ForeignText } from '../text/foreign-text';

export interface LoadFailureProps {
  readonly failure: Failure | undefined;
  /** Whether what was read before is still on the page. */
  readonly hasData: boolean;
  readonly retry: () => void;
}

/** How long to wait where a busy server does not say, in s. */
const DEFAULT_RETRY_S = 5;

/** Says why something could not be read and what happens next. Being signed out or offline shows elsewhere. */
export function LoadFailure({ failure, hasData, retry }: LoadFailureProps) {
  if (!failure || failure.kind === 'signed-out') return null;
  if (failure.kind === 'unreachable' && hasData) return null;
  return (
    <Alert
      type={failure.kind === 'busy' ? 'warning' : 'error'}
      header={hasData ? 'This may be out of date' : 'This could not be read'}
      action={<Button onClick={retry}>Try again</Button>}
    >
      <ForeignText>{failure.message}</ForeignText>
      {failure.kind === 'busy' && (
        <Countdown seconds={failure.retryAfterS ?? DEFAULT_RETRY_S} onEnd={retry} />
      )}
    </Alert>
  );
}

/** Counts down, then repeats the request. */
function Countdown({ seconds, onEnd }: { readonly seconds: number; readonly onEnd: () => void }) {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (left > 0) {
        setLeft(left - 1);
        return;
      }
      onEnd();
      setLeft(seconds);
    }, 1_000);
    return () => {
      clearTimeout(timer);
    };
  }, [left, onEnd, seconds]);
  return <span> Trying again in {String(left)} s.</span>;
}
