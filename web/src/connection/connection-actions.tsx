import SpaceBetween from '@cloudscape-design/components/space-between';
import { ActionButton } from '../actions/action-button';
import { ConfirmDialog, type FinalAction } from '../actions/confirm-dialog';
import { useActions } from '../actions/use-actions';
import { whyNot } from '../actions/why-not';
import { useViewer } from '../app/viewer';
import type { Connection } from '../connections/connection';
import { useInput } from '../sign-in/kept-input';
import { TagsDialog } from './tags-dialog';
import { RolesDialog } from './roles-dialog';

export interface ConnectionActionsProps {
  readonly connection: Connection;
  readonly onDeleted: () => void;
}

/** Every action on a connection. Those that the server would refuse are disabled and say why. */
export function ConnectionActions({ connection, onDeleted }: ConnectionActionsProps) {
  const viewer = useViewer();
  const { accept } = useActions();
  const [dialog, setDialog] = useInput<FinalAction | 'roles' | 'tags' | null>(
    `dialog of ${connection.id}`,
    null,
  );
  const close = (): void => {
    setDialog(null);
  };
  const endAction = connection.status === 'CONNECTED' ? 'withdraw' : 'reject';
  const tagReason = whyNot('TAG', connection, viewer);
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ActionButton
        variant="primary"
        reason={whyNot('ACCEPT', connection, viewer)}
        onClick={() => void accept([connection])}
      >
        Accept
      </ActionButton>
      <ActionButton
        reason={whyNot('REJECT', connection, viewer)}
        onClick={() => {
          setDialog(endAction);
        }}
      >
        {endAction === 'withdraw' ? 'Withdraw' : 'Reject'}
      </ActionButton>
      <ActionButton
        reason={whyNot('UPDATE', connection, viewer)}
        onClick={() => {
          setDialog('roles');
        }}
      >
        Update roles
      </ActionButton>
      <ActionButton
        // A connection with as many tags as it may have can still lose some.
        reason={tagReason && whyNot('UNTAG', connection, viewer)}
        onClick={() => {
          setDialog('tags');
        }}
      >
        Edit tags
      </ActionButton>
      <ActionButton
        reason={whyNot('DELETE', connection, viewer)}
        onClick={() => {
          setDialog('delete');
        }}
      >
        Delete
      </ActionButton>
      {dialog === 'roles' ? <RolesDialog connection={connection} onClose={close} /> : null}
      {dialog === 'tags' ? <TagsDialog connection={connection} onClose={close} /> : null}
      {dialog === 'reject' || dialog === 'withdraw' || dialog === 'delete' ? (
        <ConfirmDialog
          action={dialog}
          connections={[connection]}
          onDone={() => {
            if (dialog === 'delete') onDeleted();
          }}
          onClose={close}
        />
      ) : null}
    </SpaceBetween>
  );
}
