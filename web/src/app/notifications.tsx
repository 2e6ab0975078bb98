import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';

export interface Notification {
  /** A notification takes the place of an earlier one with the same id. */
  readonly id: string;
  readonly type: 'success' | 'error' | 'warning' | 'info';
  readonly header: ReactNode;
  readonly content?: ReactNode;
}

export interface Notifier {
  readonly notify: (notification: Notification) => void;
  readonly dismiss: (id: string) => void;
}

/** More would fill the page. The oldest go first. */
const AT_MOST = 5;

const NotifierContext = createContext<Notifier | undefined>(undefined);
const NotificationsContext = createContext<readonly Notification[]>([]);

/** Keeps the results of actions until they are dismissed. */
export function NotificationsProvider({ children }: { readonly children: ReactNode }) {
  const [notifications, setNotifications] = useState<readonly Notification[]>([]);
  const notifier = useMemo<Notifier>(
    () => ({
      notify: (notification) => {
        setNotifications((shown) => [notification, ...without(shown, notification.id)].slice(0, AT_MOST));
      },
      dismiss: (id) => {
        setNotifications((shown) => without(shown, id));
      },
    }),
    [],
  );
  return (
    <NotifierContext value={notifier}>
      <NotificationsContext value={notifications}>{children}</NotificationsContext>
    </NotifierContext>
  );
}

export function useNotifier(): Notifier {
  const notifier = useContext(NotifierContext);
  if (!notifier) throw new Error('NotificationsProvider is missing');
  return notifier;
}

/** The notifications, newest on top. Screen readers announce each. */
export function Notifications() {
  const notifications = useContext(NotificationsContext);
  const { dismiss } = useNotifier();
  const items = notifications.map(({ id, type, header, content }): FlashbarProps.MessageDefinition => ({
    id,
    type,
    header,
    content,
    dismissible: true,
    dismissLabel: 'Dismiss',
    ariaRole: type === 'error' ? 'alert' : 'status',
    onDismiss: () => {
      dismiss(id);
    },
  }));
  return <Flashbar items={items} />;
}

function without(notifications: readonly Notification[], id: string): readonly Notification[] {
  return notifications.filter((notification) => notification.id !== id);
}
