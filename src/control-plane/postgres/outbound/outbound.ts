import type { OutboundStore } from '../../outbound';
import type { Database } from '../database';
import { destinationsOn } from './destinations';
import { queueOn } from './queue';

/** The events on their way to other systems. */
export function outboundOn(database: Database): OutboundStore {
  return { ...destinationsOn(database), ...queueOn(database) };
}
