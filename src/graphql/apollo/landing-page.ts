import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ApolloServerPlugin } from '@apollo/server';

import { ROOT_FOLDER } from '../../root-folder';

/** The operation files, with a value for each of their variables. They are shipped beside the code. */
const OPERATIONS = join(ROOT_FOLDER, 'schema', 'operations');

const SANDBOX_CDN = 'https://embeddable-sandbox.cdn.apollographql.com';
const SANDBOX_SCRIPT = `${SANDBOX_CDN}/v2/embeddable-sandbox.umd.production.min.js`;
const SANDBOX_FRAME = 'https://sandbox.embed.apollographql.com';

/** How long Apollo Sandbox may take to load. A firewall that drops packets would keep a page waiting for minutes. */
const MAX_LOAD_MS = 3_000;

/** Paths of our other pages; undefined for those that there are not. */
export interface OtherPages {
  readonly console: string | undefined;
  readonly explorer: string | undefined;
}

/** A page, and the Content Security Policy for it. */
export interface LandingPage {
  readonly html: string;
  readonly policy: string;
}

/**
 * What a browser gets at `/graphql`: Apollo Sandbox with every operation and its variables filled in. It comes from Apollo's CDN.
 * Where it does not come, the page forwards to the explorer, which needs no other host.
 */
export function landingPage({ console, explorer }: OtherPages): LandingPage {
  const link = (href: string | undefined, text: string) =>
    href === undefined ? '' : `<a href="${href}">${text}</a>`;
  const script = scriptFor(explorer);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphQL of proton-subgraph</title>
${console === undefined ? '<link rel="icon" href="data:,">' : `<link rel="icon" href="${console}/icon.svg" type="image/svg+xml">`}
<style>${STYLE}</style>
</head>
<body>
<header><h1>GraphQL of proton-subgraph</h1><nav>${link(explorer, 'Explorer')} ${link(console, 'Console')}</nav></header>
<main><p id="state" role="status">Loading Apollo Sandbox…</p><noscript>Apollo Sandbox needs JavaScript.</noscript></main>
<script>${script}</script>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}' ${SANDBOX_CDN}`,
    `style-src '${hashOf(STYLE)}'`,
    "img-src 'self' data:",
    `frame-src ${SANDBOX_FRAME}`,
    // The page sends the frame's requests.
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}

/** Apollo Server sends the page to browsers that ask for one. */
export function landingPagePlugin({ html }: LandingPage): ApolloServerPlugin {
  return {
    serverWillStart: () => Promise.resolve({ renderLandingPage: () => Promise.resolve({ html }) }),
  };
}

/** The header has its own height, and the frame the rest. */
const STYLE = `
body { margin: 0; height: 100vh; display: flex; flex-direction: column; font: 16px system-ui, sans-serif; color-scheme: light dark; }
header { display: flex; gap: 24px; align-items: baseline; padding: 8px 16px; }
h1 { font-size: 16px; margin: 0; }
nav { display: flex; gap: 16px; }
main { flex: 1; display: flex; flex-direction: column; }
p { padding: 0 16px; }
iframe { flex: 1; width: 100%; border: none; background: white; }
`;

function scriptFor(explorer: string | undefined): string {
  const document = readdirSync(OPERATIONS)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => readFileSync(join(OPERATIONS, name), 'utf8').trim())
    .join('\n\n');
  const variables: unknown = JSON.parse(readFileSync(join(OPERATIONS, 'variables.json'), 'utf8'));
  const options = {
    target: 'main',
    initialState: { document, variables },
    runTelemetry: false,
    endpointIsEditable: false,
    hideCookieToggle: false,
    // They would violate the page's policy.
    allowDynamicStyles: false,
  };
  return `
const state = document.getElementById('state');
const explorer = ${literal(explorer ?? null)};
var embeddedSandboxConfig = ${literal(options)};
let isOver = false;
const fail = () => {
  if (isOver) return;
  isOver = true;
  if (explorer === null) state.textContent = 'Apollo Sandbox could not be loaded from its CDN.';
  else location.replace(explorer);
};
const timeout = setTimeout(fail, ${String(MAX_LOAD_MS)});
const script = document.createElement('script');
script.src = ${literal(SANDBOX_SCRIPT)};
script.onerror = fail;
script.onload = () => {
  if (isOver) return;
  isOver = true;
  clearTimeout(timeout);
  state.remove();
  const initialEndpoint = location.origin + location.pathname;
  const initialSubscriptionEndpoint = initialEndpoint.replace(/^http/, 'ws');
  new window.EmbeddedSandbox({ ...embeddedSandboxConfig, initialEndpoint, initialSubscriptionEndpoint });
};
document.head.append(script);
`;
}

/** A value as JavaScript that ends no script element. */
function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
