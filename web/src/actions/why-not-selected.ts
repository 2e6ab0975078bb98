import type { EnvironmentAccountConnectionAction as Action } from '../../../generated/console/graphql';
import type { Viewer } from '../app/viewer';
import type { Connection } from '../connections/connection';
import { whyNot } from './why-not';

/**
 * Why an action can be done with none of the selected connections; undefined when it can with at least one. It is then
 * sent for all of them, and the server's answer names those that it refuses.
 */
export function whyNotSelected(
  action: Action,
  selected: readonly Connection[],
  viewer: Viewer,
): string | undefined {
  const [first] = selected;
  if (!first) return 'Select a connection first.';
  const reasons = selected.map((connection) => whyNot(action, connection, viewer));
  return reasons.includes(undefined) ? undefined : reasons[0];
}
