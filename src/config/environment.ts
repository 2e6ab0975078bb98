import { z } from 'zod';

import { AUTHENTICATION } from './authentication';
import { CONSOLE } from './console';
import { EVENTS } from './events';
import { LIMITS } from './limits';
import { UPSTREAM } from './proton';
import { AWS_ENDPOINT, SERVER, TIMEOUTS } from './servers';
import { CONTROL_PLANE, POSTGRES } from './store';
import { SUBSCRIPTIONS } from './subscriptions';
import { TRUST_POLICIES } from './trust-policies';

/**
 * The sections of the reference page `docs/reference/configuration.md`, in its order: every environment variable, with its type, its
 * default and its description. The page is generated from here (`npm run docs`).
 *
 * `shownDefault` describes a default that depends on other variables.
 */
export const SECTIONS = [
  { title: 'Server', introduction: undefined, variables: SERVER },
  {
    title: 'Control plane and database',
    introduction: 'See [the store](store.md).',
    variables: CONTROL_PLANE,
  },
  {
    title: 'PostgreSQL',
    introduction: 'These need a `DATABASE_URL` of PostgreSQL. See [PostgreSQL](../guides/postgresql.md).',
    variables: POSTGRES,
  },
  {
    title: 'Proton endpoint for AWS clients',
    introduction: 'See [AWS clients](../guides/aws-clients.md).',
    variables: AWS_ENDPOINT,
  },
  {
    title: 'Events for other systems',
    introduction: 'Times are in milliseconds. See [events](../guides/events.md).',
    variables: EVENTS,
  },
  {
    title: 'A Proton endpoint elsewhere',
    introduction: 'These need `PROTON_UPSTREAM`. See [a control plane elsewhere](../guides/sdk-adapter.md).',
    variables: UPSTREAM,
  },
  {
    title: 'Authentication',
    introduction: 'See [authentication](../guides/authentication.md).',
    variables: AUTHENTICATION,
  },
  {
    title: 'Console',
    introduction: 'See [the console](../guides/console.md).',
    variables: CONSOLE,
  },
  {
    title: 'Trust policies',
    introduction: 'See [trust policies](../guides/trust-policies.md).',
    variables: TRUST_POLICIES,
  },
  {
    title: 'Limits',
    introduction: 'Each is a maximum. See [limits](limits.md).',
    variables: LIMITS,
  },
  {
    title: 'Subscriptions',
    introduction: 'See [subscriptions](../guides/subscriptions.md).',
    variables: SUBSCRIPTIONS,
  },
  { title: 'Timeouts', introduction: 'In milliseconds.', variables: TIMEOUTS },
] as const;

export const environmentSchema = z.object({
  ...SERVER,
  ...CONTROL_PLANE,
  ...POSTGRES,
  ...AWS_ENDPOINT,
  ...EVENTS,
  ...UPSTREAM,
  ...AUTHENTICATION,
  ...CONSOLE,
  ...TRUST_POLICIES,
  ...LIMITS,
  ...SUBSCRIPTIONS,
  ...TIMEOUTS,
});

/** The parsed variables. */
export type Variables = z.infer<typeof environmentSchema>;

/** Variables as the process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;
