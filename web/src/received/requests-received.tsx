import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ActionButton } from '../actions/action-button';
import { ConfirmDialog } from '../actions/confirm-dialog';
import { useActions } from '../actions/use-actions';
import { whyNotSelected } from '../actions/why-not-selected';
import { useViewer } from '../app/viewer';
import { ConnectionTable } from '../list/connection-table';
import type { Selection } from '../list/use-selection';

/** What others ask of the account that one acts as. It accepts or rejects. */
export function RequestsReceived() {
  const { account } = useViewer();
  return (
    <ConnectionTable
      list="received"
      title="Requests received"
      description={`Environment accounts that ask to be provisioned from ${account ?? 'a management account'}`}
      actions={(selection) => <AnswerButtons selection={selection} />}
    />
  );
}

function AnswerButtons({ selection }: { readonly selection: Selection }) {
  const viewer = useViewer();
  const { accept } = useActions();
  const [accepting, setAccepting] = useState(false);
  const [rejecting, setRejecting] = useState(false);
  const { all, deselect } = selection;
  const withdraws = all.length > 0 && all.every(({ status }) => status === 'CONNECTED');
  const acceptSelected = async (): Promise<void> => {
    setAccepting(true);
    await accept(all, deselect);
    setAccepting(false);
  };
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ActionButton
        reason={whyNotSelected('REJECT', all, viewer)}
        onClick={() => {
          setRejecting(true);
        }}
      >
        {withdraws ? 'Withdraw' : 'Reject'}
      </ActionButton>
      <ActionButton
        variant="primary"
        loading={accepting}
        reason={whyNotSelected('ACCEPT', all, viewer)}
        onClick={() => void acceptSelected()}
      >
        Accept
      </ActionButton>
      {rejecting ? (
        <ConfirmDialog
          action={withdraws ? 'withdraw' : 'reject'}
          connections={all}
          onDone={deselect}
          onClose={() => {
            setRejecting(false);
          }}
        />
      ) : null}
    </SpaceBetween>
  );
}
