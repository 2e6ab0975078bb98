import { PERSON_SETTINGS } from './authentication-variables';
import type { Given } from './environment';

const PERSON = ['AUTH_JWT_ISSUER', 'AUTH_JWT_AUDIENCE'] as const;
const KEYS = ['AUTH_JWKS_URL', 'AUTH_JWT_PUBLIC_KEY_FILE'] as const;

/** Whether somebody must prove who they are: the router, or the person. */
export function isAuthenticated(given: Given): boolean {
  return (
    given['ROUTER_SECRET'] !== undefined || given['ROUTER_ACCESS_KEY_IDS'] !== undefined || isPerson(given)
  );
}

function isPerson(given: Given): boolean {
  return [...PERSON, ...KEYS].some((name) => given[name] !== undefined);
}

/** What is half set, or set in two ways at once, would leave a door open that its owner thinks shut. */
export function authenticationMistakes(given: Given): readonly string[] {
  return [...routerMistakes(given), ...personMistakes(given), ...contradictions(given)];
}

function routerMistakes(given: Given): readonly string[] {
  const { ROUTER_SECRET, ROUTER_ACCESS_KEY_IDS, PROTON_ENDPOINT, ACCESS_KEY_ENCRYPTION_KEY } = given;
  if (ROUTER_ACCESS_KEY_IDS === undefined) return [];
  const mistakes: string[] = [];
  if (ROUTER_SECRET !== undefined) {
    mistakes.push(
      'ROUTER_ACCESS_KEY_IDS and ROUTER_SECRET are two ways for the router to prove itself; set one.',
    );
  }
  if (PROTON_ENDPOINT !== undefined) {
    mistakes.push(
      'ROUTER_ACCESS_KEY_IDS names keys in the store of this process; with PROTON_ENDPOINT there is none. Use ROUTER_SECRET.',
    );
  } else if (ACCESS_KEY_ENCRYPTION_KEY === undefined) {
    mistakes.push(
      'ROUTER_ACCESS_KEY_IDS needs ACCESS_KEY_ENCRYPTION_KEY, under which the secrets of those keys are sealed in the store.',
    );
  }
  return mistakes;
}

function personMistakes(given: Given): readonly string[] {
  if (!isPerson(given)) {
    return PERSON_SETTINGS.filter((name) => given[name] !== undefined).map(
      (name) =>
        `${name} is for tokens, which are verified once AUTH_JWT_ISSUER, AUTH_JWT_AUDIENCE and a key are set.`,
    );
  }
  const mistakes = PERSON.filter((name) => given[name] === undefined).map(
    (name) =>
      `${name} must be set where another part of AUTH_JWT is: half a set would verify half of a token.`,
  );
  const keys = KEYS.filter((name) => given[name] !== undefined);
  if (keys.length === 0) {
    mistakes.push(
      'AUTH_JWKS_URL or AUTH_JWT_PUBLIC_KEY_FILE must say where the keys are that tokens are verified with.',
    );
  }
  if (keys.length > 1) {
    mistakes.push('AUTH_JWKS_URL and AUTH_JWT_PUBLIC_KEY_FILE are two sources of the same keys; set one.');
  }
  return mistakes;
}

function contradictions(given: Given): readonly string[] {
  return isAuthenticated(given) && given['ALLOW_UNAUTHENTICATED'] === 'true'
    ? ['ALLOW_UNAUTHENTICATED is true, and authentication is set up: unset one of them.']
    : [];
}
