import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ActionButton } from '../actions/action-button';
import { ConfirmDialog } from '../actions/confirm-dialog';
import { whyNotSelected } from '../actions/why-not-selected';
import { RequestButton } from '../request/request-button';
import { useViewer } from '../app/viewer';
import { ConnectionTable } from '../list/connection-table';
import type { Selection } from '../list/use-selection';

/** What the account that one acts as asked of others. It requests, updates and deletes. */
export function RequestsSent() {
  const { account } = useViewer();
  return (
    <ConnectionTable
      list="sent"
      title="Requests sent"
      description={`Management accounts that ${account ?? 'an environment account'} asked to provision it`}
      actions={(selection) => <RequestButtons selection={selection} />}
    />
  );
}

function RequestButtons({ selection }: { readonly selection: Selection }) {
  const viewer = useViewer();
  const [deleting, setDeleting] = useState(false);
  const { all, deselect } = selection;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ActionButton
        reason={whyNotSelected('DELETE', all, viewer)}
        onClick={() => {
          setDeleting(true);
        }}
      >
        Delete
      </ActionButton>
      <RequestButton />
      {deleting ? (
        <ConfirmDialog
          action="delete"
          connections={all}
          onDone={deselect}
          onClose={() => {
            setDeleting(false);
          }}
        />
      ) : null}
    </SpaceBetween>
  );
}
