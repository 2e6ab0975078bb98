import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { Connection } from '../connections/connection';
import { ForeignText } from '../text/foreign-text';
import { useActions } from './use-actions';

export type FinalAction = 'reject' | 'withdraw' | 'delete';

/** What a connection loses. A list of several can have pending and connected ones. */
const CONSEQUENCES = {
  REJECT_PENDING: [
    'This rejects the request for good. It can never be accepted: the environment account has to ask again.',
    'This rejects each pending request for good. None can be accepted later: the environment accounts have to ask again.',
  ],
  REJECT_CONNECTED: [
    'This withdraws the connection for good. The management account can no longer provision the environment, and the environment account has to ask again.',
    'This withdraws each connection that is connected, for good. The management accounts can no longer provision the environments, and the environment accounts have to ask again.',
  ],
  DELETE: [
    'This deletes the connection for good. The management account can no longer provision the environment.',
    'This deletes each of them for good. The management accounts can no longer provision the environments.',
  ],
} as const;

const VERBS: Readonly<Record<FinalAction, string>> = {
  reject: 'Reject',
  withdraw: 'Withdraw',
  delete: 'Delete',
};

/** @returns a sentence for each kind of loss */
function consequencesOf(action: FinalAction, connections: readonly Connection[]): readonly string[] {
  const index = connections.length === 1 ? 0 : 1;
  if (action === 'delete') return [CONSEQUENCES.DELETE[index]];
  const isConnected = ({ status }: Connection): boolean => status === 'CONNECTED';
  return [
    ...(connections.every(isConnected) ? [] : [CONSEQUENCES.REJECT_PENDING[index]]),
    ...(connections.some(isConnected) ? [CONSEQUENCES.REJECT_CONNECTED[index]] : []),
  ];
}

export interface ConfirmDialogProps {
  readonly action: FinalAction;
  readonly connections: readonly Connection[];
  /** @param id of a connection for which it was done */
  readonly onDone?: (id: string) => void;
  readonly onClose: () => void;
}

/** Asks before something that can't be undone. Enter on what has the focus first closes it without doing anything. */
export function ConfirmDialog({ onDone, onClose, ...asked }: ConfirmDialogProps) {
  const { reject, remove } = useActions();
  // What was confirmed stays in the dialog, though each answer changes a connection.
  const [confirmed, setConfirmed] = useState<typeof asked>();
  const { action, connections } = confirmed ?? asked;
  const sending = confirmed !== undefined;
  const verb = VERBS[action];
  const isOne = connections.length === 1;
  const confirm = async (): Promise<void> => {
    setConfirmed(asked);
    await (action === 'delete' ? remove : reject)(connections, onDone);
    onClose();
  };
  const cancel = (): void => {
    if (!sending) onClose();
  };
  return (
    <Modal
      visible
      header={`${verb} ${isOne ? 'this connection' : `${String(connections.length)} connections`}?`}
      closeAriaLabel="Close"
      onDismiss={cancel}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="primary" onClick={cancel}>
              Cancel
            </Button>
            <Button loading={sending} loadingText="Waiting for the server" onClick={() => void confirm()}>
              {verb}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="s">
        {consequencesOf(action, connections).map((consequence) => (
          <Box key={consequence}>{consequence}</Box>
        ))}
        <ul className="plain-list spaced">
          {connections.map(({ id, environmentName, environmentAccountId, managementAccountId }) => (
            <li key={id}>
              <b>
                <ForeignText>{environmentName}</ForeignText>
              </b>
              : environment account {environmentAccountId}, management account {managementAccountId}
            </li>
          ))}
        </ul>
      </SpaceBetween>
    </Modal>
  );
}
