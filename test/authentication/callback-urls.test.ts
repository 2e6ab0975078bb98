import { callbackUrlReader } from '../../src/authentication/router/callback-urls';
import { mistakesIn } from '../support/config-mistakes';

const ALLOWED = ['https://router.example.com/callback', 'http://127.0.0.1:4100/hooks/', 'http://[::1]:4100'];
const read = callbackUrlReader(ALLOWED);

describe('A callback URL', () => {
  it.each([
    'https://router.example.com/callback',
    'https://router.example.com/callback/',
    'https://router.example.com/callback/0b7c1d9e',
    'https://router.example.com/callback/a/b?c=d',
    'https://router.example.com:443/callback/a',
    'HTTPS://Router.Example.com/callback/a',
    'http://127.0.0.1:4100/hooks/a',
    'http://127.0.0.1:4100/hooks',
    'http://[::1]:4100/',
    'http://[::1]:4100/anything',
  ])('is admitted by origin and whole path segments: %s', (url) => {
    expect(read(url)?.href).toBe(new URL(url).href);
  });

  it.each([
    ['another path that begins alike', 'https://router.example.com/callback-evil'],
    ['a path above', 'https://router.example.com/'],
    ['a path that leaves the segment', 'https://router.example.com/callback/../admin'],
    ['the same, encoded', 'https://router.example.com/callback/%2e%2e/admin'],
    ['an encoded slash', 'https://router.example.com/callback/..%2fadmin'],
    ['an encoded backslash', 'https://router.example.com/callback/..%5Cadmin'],
    ['a path in another case', 'https://router.example.com/Callback'],
    ['another port', 'https://router.example.com:8443/callback'],
    ['another port on loopback', 'http://127.0.0.1:4101/hooks/a'],
    ['another scheme', 'http://router.example.com/callback'],
    ['https where http is allowed', 'https://127.0.0.1:4100/hooks/a'],
    ['no web scheme', 'file:///callback'],
    ['credentials', 'https://user:password@router.example.com/callback'],
    ['a user without a password', 'https://user@router.example.com/callback'],
    ['the host as a user', 'https://router.example.com@evil.example.com/callback'],
    ['a name that begins alike', 'https://router.example.com.evil.example.com/callback'],
    ['a trailing dot', 'https://router.example.com./callback'],
    ['a name for loopback', 'http://localhost:4100/hooks/a'],
    ['a DNS name of loopback', 'http://loopback.example.com:4100/hooks/a'],
    ['a short spelling of loopback', 'http://127.1:4100/hooks/a'],
    ['loopback as a number', 'http://2130706433:4100/hooks/a'],
    ['loopback in hexadecimal', 'http://0x7f.0.0.1:4100/hooks/a'],
    ['loopback in octal', 'http://0177.0.0.1:4100/hooks/a'],
    ['loopback in full width', 'http://１２７.0.0.1:4100/hooks/a'],
    ['another loopback address', 'http://127.0.0.2:4100/hooks/a'],
    ['IPv4 in IPv6', 'http://[::ffff:127.0.0.1]:4100/hooks/a'],
    ['a long spelling of IPv6', 'http://[0:0:0:0:0:0:0:1]:4100/'],
    ['the unspecified address', 'http://0.0.0.0:4100/hooks/a'],
    ['backslashes', 'http:\\\\127.0.0.1:4100\\hooks\\a'],
    ['a single slash', 'https:/router.example.com/callback'],
    ['a leading space', ' https://router.example.com/callback'],
    ['a line break inside', 'https://router.exam\nple.com/callback'],
    ['more than 2,048 characters', `https://router.example.com/callback/${'a'.repeat(2_100)}`],
    ['nothing', ''],
    ['a path alone', '/callback'],
  ])('is refused for %s: %s', (_, url) => {
    expect(read(url)).toBeUndefined();
  });

  it('is refused whatever it is when none is allowed', () => {
    expect(ALLOWED.map(callbackUrlReader([]))).toEqual([undefined, undefined, undefined]);
  });
});

describe('SUBSCRIPTION_CALLBACK_URLS', () => {
  const mistakes = (urls: string, rest = { ROUTER_SECRET: 'secret' } as Readonly<Record<string, string>>) =>
    mistakesIn({ SUBSCRIPTION_CALLBACK_URLS: urls, ...rest });

  it('takes https URLs, and http URLs on loopback', () => {
    expect(mistakes(ALLOWED.join(', '))).toEqual([]);
  });

  it('needs a proof that requests come from the router', () => {
    expect(mistakes('https://router.example.com/callback', {})).toEqual([
      expect.stringMatching(/^SUBSCRIPTION_CALLBACK_URLS .*ROUTER_SECRET/),
    ]);
    expect(
      mistakes('https://router.example.com/callback', {
        ROUTER_ACCESS_KEY_IDS: 'AKIAIOSFODNN7EXAMPLE',
        ACCESS_KEY_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'),
      }),
    ).toEqual([]);
  });

  it.each([
    'router.example.com/callback',
    'http://router.example.com/callback',
    'ftp://router.example.com/callback',
    'http://127.1/callback',
    'https://[::ffff:127.0.0.1]/callback',
    'https://0.0.0.0/callback',
    'https://localhost./callback',
    'https://router.example.com/callback?a=b',
    'https://router.example.com/callback#a',
    'https://router.example.com/a%2fb',
    'https://router.example.com/callback,',
  ])('refuses %s', (urls) => {
    expect(mistakes(urls)).toEqual([expect.stringMatching(/^SUBSCRIPTION_CALLBACK_URLS must be/)]);
  });

  it('does not repeat credentials in its message', () => {
    const [message] = mistakes('https://user:password@router.example.com/callback');
    expect(message).toMatch(/^SUBSCRIPTION_CALLBACK_URLS must be/);
    expect(message).not.toContain('password');
  });
});
