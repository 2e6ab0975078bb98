import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { Connection } from '../connections/connection';
import { ForeignText } from '../text/foreign-text';
import { useActions } from './use-actions';

export type FinalAction = 'reject' | 'withdraw' | 'delete';

interface Wording {
  readonly verb: string;
  /** What one connection loses. */
  readonly consequence: string;
  /** What each of several loses. */
  readonly consequences: string;
}

const WORDING: Readonly<Record<FinalAction, Wording>> = {
  reject: {
    verb: 'Reject',
    consequence:
      'This rejects the request for good. It can never be accepted: the environment account has to ask again.',
    consequences:
      'This rejects each of them for good. None can be accepted later: the environment accounts have to ask again.',
  },
  withdraw: {
    verb: 'Withdraw',
    consequence:
      'This withdraws the connection for good. The management account can no longer provision the environment, and the environment account has to ask again.',
    consequences:
      'This withdraws each of them for good. The management accounts can no longer provision the environments, and the environment accounts have to ask again.',
  },
  delete: {
    verb: 'Delete',
    consequence:
      'This deletes the connection for good. The management account can no longer provision the environment.',
    consequences:
      'This deletes each of them for good. The management accounts can no longer provision the environments.',
  },
};

export interface ConfirmDialogProps {
  readonly action: FinalAction;
  readonly connections: readonly Connection[];
  /** @param failed undefined when nothing was sent */
  readonly onClose: (failed?: readonly Connection[]) => void;
}

/** Asks before something that can't be undone. Enter on what has the focus first closes it without doing anything. */
export function ConfirmDialog({ action, connections, onClose }: ConfirmDialogProps) {
  const { reject, remove } = useActions();
  const [sending, setSending] = useState(false);
  const { verb, consequence, consequences } = WORDING[action];
  const isOne = connections.length === 1;
  const confirm = async (): Promise<void> => {
    setSending(true);
    onClose(await (action === 'delete' ? remove : reject)(connections));
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
        <Box>{isOne ? consequence : consequences}</Box>
        <ul className="plain-list">
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
