import { isIPv4 } from 'node:net';

/**
 * Whether a Host header names this machine by a name that nobody else can own. By any other, a web page could have its visitor's
 * browser ask a server that only this machine reaches, and read the answers: DNS rebinding. Ports do not matter.
 */
export function isOwnHost(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host ?? '')?.[1]?.toLowerCase() ?? '';
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    (isIPv4(name) && name.startsWith('127.'))
  );
}

/** What someone is told who asks by another name. */
export const FOREIGN_HOST =
  'Without authentication this server answers only who asks it as localhost or by a loopback address, and the Host header names another.';
