import { readFileSync } from 'node:fs';

import type { Environment } from './environment';

/** Unsupported or malformed values of OpenTelemetry's variables; each line begins with the variable's name. */
export class TracingError extends Error {
  override readonly name = 'TracingError';

  constructor(mistakes: readonly string[]) {
    super(
      ['Tracing is not set up as it can be here:', ...mistakes.map((mistake) => `  ${mistake}`)].join('\n') +
        '\nOTEL_SDK_DISABLED=true turns it off. docs/guides/operating.md says which variables are read.',
    );
  }
}

export interface TracingSettings {
  /** Whether traces are continued from, and into, other services. */
  readonly propagated: boolean;
}

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
const PROTOCOL = 'http/protobuf';
const PROPAGATORS = ['tracecontext', 'baggage,tracecontext', 'none'];
const COMPRESSIONS = ['gzip', 'none'];
const FILES = ['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'];
const RATIO_SAMPLERS = ['traceidratio', 'parentbased_traceidratio'];
const SAMPLERS = [
  'always_on',
  'always_off',
  'parentbased_always_on',
  'parentbased_always_off',
  ...RATIO_SAMPLERS,
];

/**
 * Reads OpenTelemetry's standard variables. Tracing is on when an exporter or an endpoint is set.
 * @returns undefined when tracing is off, so that nothing is loaded
 * @throws TracingError for settings of OpenTelemetry that this server does not support
 */
export function readTracing(environment: Environment): TracingSettings | undefined {
  const get = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === '' ? undefined : value;
  };
  if (get('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const exporter = get('OTEL_TRACES_EXPORTER');
  if (exporter === 'none') return undefined;
  const enabled = exporter !== undefined || ENDPOINTS.some((name) => get(name) !== undefined);
  if (!enabled) return undefined;

  const mistakes: string[] = [];
  const expect = (name: string, good: (value: string) => boolean, wanted: string) => {
    const value = get(name);
    // Values are not shown: a URL may carry credentials.
    if (value !== undefined && !good(value)) mistakes.push(`${name} ${wanted}`);
  };
  expect('OTEL_TRACES_EXPORTER', (value) => value === 'otlp', 'must be otlp or none');
  for (const name of ENDPOINTS) expect(name, isHttpUrl, 'must be an http or https URL');
  for (const name of PROTOCOLS) {
    expect(name, (value) => value === PROTOCOL, `must be ${PROTOCOL}: traces are sent in no other way`);
  }
  expect('OTEL_TRACES_SAMPLER', (value) => SAMPLERS.includes(value), `must be one of ${SAMPLERS.join(', ')}`);
  if (RATIO_SAMPLERS.includes(get('OTEL_TRACES_SAMPLER') ?? '')) {
    expect('OTEL_TRACES_SAMPLER_ARG', isShare, 'must be a number from 0 to 1');
  }
  expect(
    'OTEL_PROPAGATORS',
    (value) => PROPAGATORS.includes(normalList(value)),
    'must be tracecontext, tracecontext,baggage or none: there are no others here',
  );
  // The libraries ignore mistakes in these, some with a warning.
  for (const prefix of ['OTEL_EXPORTER_OTLP_TRACES_', 'OTEL_EXPORTER_OTLP_']) {
    const compression = `${prefix}COMPRESSION`;
    expect(compression, (value) => COMPRESSIONS.includes(value), `must be ${COMPRESSIONS.join(' or ')}`);
    expect(`${prefix}TIMEOUT`, (value) => Number(value) > 0, 'must be a number of milliseconds');
    expect(`${prefix}HEADERS`, isPairs(HEADER), 'must be name=value, several separated by commas');
    for (const file of FILES)
      expect(`${prefix}${file}`, isReadable, 'must be the path of a file that can be read');
  }
  expect('OTEL_RESOURCE_ATTRIBUTES', isPairs(ATTRIBUTE), 'must be name=value, several separated by commas');
  if (mistakes.length > 0) throw new TracingError(mistakes);

  return { propagated: get('OTEL_PROPAGATORS') !== 'none' };
}

function normalList(value: string): string {
  const names = value.split(',').map((name) => name.trim());
  return [...new Set(names)].sort().join(',');
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
}

/** A header's value may contain more `=`, as base64 does. */
const HEADER = /^\s*[!#$%&'*+.^`|~\w-]+\s*=[^,]*$/;
const ATTRIBUTE = /^\s*[^\s=][^=]*=[^=]*$/;

function isPairs(pair: RegExp): (value: string) => boolean {
  return (value) =>
    value
      .split(',')
      .filter((each) => each.trim() !== '')
      .every((each) => pair.test(each) && isPercentEncoded(each));
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

function isShare(value: string): boolean {
  const share = Number(value);
  return share >= 0 && share <= 1;
}
