import { createSecretKey, type KeyObject } from 'node:crypto';

import { isRefusedAddress } from '../events/addresses';
import { isTrustworthyUrl, quoted } from './env-types';
import type { Environment } from './environment';

/** A receiver of webhooks. */
export interface WebhookConfig {
  readonly name: string;
  readonly url: string;
  /** Those that a message is signed with: one, or two while one is replaced. */
  readonly secrets: readonly KeyObject[];
}

type Parsed<Value> = { readonly value: Value } | { readonly mistake: string };

/** The name of the bus among the destinations. */
export const EVENTBRIDGE_NAME = 'eventbridge';
const DEFAULT_NAME = 'default';
const NAME = /^[A-Za-z0-9][\w-]{0,31}$/;
/** A name and an equals sign before a URL; a URL's own equals sign comes after a colon. */
const PAIR = /^\s*([^=:/?#]*)=(.*)$/s;

const SECRET_VARIABLE = 'EVENTS_WEBHOOK_SECRET';
const SECRET_PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
const MAX_SECRETS = 2;

/** Parses `EVENTS_WEBHOOK_URL`: a URL, which is named `default`, or pairs as in `billing=https://…`. */
export function parseWebhookUrls(text: string): Parsed<ReadonlyMap<string, string>> {
  const urls = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, name = DEFAULT_NAME, url = part] = PAIR.exec(part) ?? [];
    const mistake = nameMistake(name) ?? urlMistake(url.trim(), name);
    if (mistake !== undefined) return { mistake };
    const same = [...urls.keys()].find((other) => variableOf(other) === variableOf(name));
    if (same !== undefined) {
      return {
        mistake: `names the destination ${name} twice: give each URL a name of its own, as in one=https://…`,
      };
    }
    urls.set(name, url.trim());
  }
  return { value: urls };
}

function nameMistake(name: string): string | undefined {
  if (!NAME.test(name)) {
    return `must be a URL, or pairs as in one=https://…,two=https://…, with names of at most 32 letters, digits, - and _, not ${quoted(name)}. A comma within a URL is %2C`;
  }
  return variableOf(name) === variableOf(EVENTBRIDGE_NAME)
    ? `can't name a destination ${EVENTBRIDGE_NAME}, which is the name of EVENTS_EVENTBRIDGE_BUS`
    : undefined;
}

/** URLs of webhooks often have a secret in their path, so no message quotes one. */
function urlMistake(url: string, name: string): string | undefined {
  if (!isTrustworthyUrl(url)) {
    return `must have https URLs, or http URLs on loopback, without credentials; that of ${name} is not one`;
  }
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const isAddress = /^[\d.]+$|:/.test(host);
  return isAddress && isRefusedAddress(host)
    ? `has a link-local, metadata or unspecified address as the host of ${name}, to which no event is sent`
    : undefined;
}

/** The variable of one destination's secret, as in `EVENTS_WEBHOOK_SECRET_BILLING`. */
function variableOf(name: string): string {
  return `${SECRET_VARIABLE}_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** The destinations of valid variables. */
export function webhooksIn(environment: Environment): readonly WebhookConfig[] {
  return [...urlsIn(environment)].map(([name, url]) => {
    const secrets = parseSecrets(environment[variableOf(name)] ?? environment[SECRET_VARIABLE] ?? '');
    return { name, url, secrets: 'value' in secrets ? secrets.value : [] };
  });
}

/** What is wrong with the secrets. The messages quote none. */
export function secretMistakes(environment: Environment): readonly string[] {
  const urls = urlsIn(environment);
  const variables = [...urls.keys()].map(variableOf);
  const given = Object.keys(environment).filter(
    (name) => name === SECRET_VARIABLE || name.startsWith(`${SECRET_VARIABLE}_`),
  );
  return [
    ...given.flatMap((name) => {
      const parsed = parseSecrets(environment[name] ?? '');
      return 'mistake' in parsed ? [`${name} ${parsed.mistake}.`] : [];
    }),
    // Without destinations they do no harm.
    ...given
      .filter((name) => urls.size > 0 && name !== SECRET_VARIABLE && !variables.includes(name))
      .map((name) => `${name} is for a destination that EVENTS_WEBHOOK_URL does not name.`),
    ...variables
      .filter((name) => !given.includes(name) && !given.includes(SECRET_VARIABLE))
      .map(
        (name) =>
          `${SECRET_VARIABLE}, or ${name}, must be set, because every webhook is signed. Make one with \`echo "whsec_$(openssl rand -base64 32)"\`.`,
      ),
  ];
}

function urlsIn({ EVENTS_WEBHOOK_URL }: Environment): ReadonlyMap<string, string> {
  const parsed = EVENTS_WEBHOOK_URL === undefined ? undefined : parseWebhookUrls(EVENTS_WEBHOOK_URL);
  return parsed && 'value' in parsed ? parsed.value : new Map<string, string>();
}

/** Parses secrets of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
function parseSecrets(text: string): Parsed<readonly KeyObject[]> {
  const secrets = text.split(',').map((part) => bytesOf(part.trim()));
  if (secrets.length > MAX_SECRETS)
    return { mistake: 'has more than two secrets: the new one and the old one' };
  const valid = secrets.filter((secret) => secret !== undefined);
  if (valid.length < secrets.length) {
    return {
      mistake: `must be whsec_ and ${String(MIN_SECRET_BYTES)} to ${String(MAX_SECRET_BYTES)} bytes in base64, or two of these, comma-separated, while one is replaced`,
    };
  }
  return { value: valid.map((secret) => createSecretKey(secret)) };
}

function bytesOf(secret: string): Buffer | undefined {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  if (!BASE64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= MIN_SECRET_BYTES && bytes.length <= MAX_SECRET_BYTES ? bytes : undefined;
}
