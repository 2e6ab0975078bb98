import { isObject, type TemplateDocument } from '../formats/documents';
import { UnresolvedError } from './expressions';

/**
 * What decides whether, or with which values, a resource exists, and is not evaluated here. All of it is refused by name. Only what
 * may bring resources in from elsewhere is reported and passed over.
 */

export const CONNECTION_TYPE = 'AWS::Proton::EnvironmentAccountConnection';

type Members = Readonly<Record<string, unknown>>;

const HOW_TO_PROCESS =
  'import what `aws cloudformation get-template --template-stage Processed` prints instead';

/** Transforms of AWS that leave connections, and everything that their values come from, as they are. */
const HARMLESS_TRANSFORM =
  /^AWS::(?:LanguageExtensions|CodeDeployBlueGreen|ServiceCatalog|Serverless-[\d-]+|SecretsManager-[\d-]+)$/;
const INCLUDE = 'AWS::Include';

/** Why none of a template's resources can be imported, each as a phrase that follows the file's name. */
export function templateProblems(content: Members): readonly string[] {
  const transforms = [content['Transform'], content[TRANSFORM]].flatMap(transformNames);
  const rules = content['Rules'] ?? {};
  return [
    ...transforms
      .filter((name) => name !== INCLUDE && !HARMLESS_TRANSFORM.test(name))
      .map(
        (name) =>
          `has the Transform ${name}, which may change every resource and which CloudFormation alone can run: ${HOW_TO_PROCESS}`,
      ),
    ...Object.keys(content)
      .filter((key) => key.startsWith('Fn::') && key !== TRANSFORM)
      .map((key) => `has ${key} beside its sections, which is known to CloudFormation alone`),
    ...(isObject(rules) && Object.keys(rules).length === 0
      ? []
      : [
          `has Rules (${isObject(rules) ? Object.keys(rules).join(', ') : JSON.stringify(rules)}), which decide whether a stack is made at all and are not evaluated here: take them out of the file if the stack keeps them`,
        ]),
  ];
}

const TRANSFORM = 'Fn::Transform';

function transformNames(given: unknown): readonly string[] {
  if (given === undefined || given === null) return [];
  if (Array.isArray(given)) return given.flatMap(transformNames);
  const name = isObject(given) ? given['Name'] : given;
  return [typeof name === 'string' ? name : JSON.stringify(given)];
}

/** Why it can't be known whether this entry of `Resources` is a connection; nothing when its `Type` is written out. */
export function resourceProblem(logicalId: string, resource: unknown): string | undefined {
  if (logicalId === TRANSFORM && transformNames(resource).every((name) => name === INCLUDE)) return undefined;
  if (isLoop(logicalId) && !mayHoldConnection(resource)) return undefined;
  if (logicalId.startsWith('Fn::')) return `can't be expanded: ${logicalId} is known to CloudFormation alone`;
  if (!isObject(resource)) return 'must be an object';
  const { Type: type } = resource;
  if (typeof type === 'string') return undefined;
  if (type !== undefined && type !== null) return `Type ${new UnresolvedError(type, WRITTEN_OUT).message}`;
  const [name] = Object.keys(resource).filter((key) => key.startsWith('Fn::') || key === 'Ref');
  if (name === undefined) return 'has no Type';
  return new UnresolvedError({ [name]: resource[name] }, WRITTEN_OUT).message;
}

const WRITTEN_OUT = 'decides what resource this is, which must be written out';

function isLoop(logicalId: string): boolean {
  return logicalId.startsWith('Fn::ForEach::');
}

/** The resources that an `Fn::ForEach` repeats; undefined when they can't be told. */
function repeated(loop: unknown): Members | undefined {
  const output: unknown = Array.isArray(loop) ? loop[2] : undefined;
  return isObject(output) ? output : undefined;
}

function mayHoldConnection(loop: unknown): boolean {
  const resources = repeated(loop);
  if (!resources) return true;
  return Object.entries(resources).some(([logicalId, resource]) => {
    if (isLoop(logicalId)) return mayHoldConnection(resource);
    const type = isObject(resource) ? resource['Type'] : undefined;
    // A loop also replaces its variable within a Type.
    return typeof type !== 'string' || type === CONNECTION_TYPE || /[$&]\{/.test(type);
  });
}

/** Resources whose own template may declare connections. */
const NESTED_TYPES: readonly string[] = [
  'AWS::CloudFormation::Stack',
  'AWS::CloudFormation::StackSet',
  'AWS::Serverless::Application',
  'AWS::ServiceCatalog::CloudFormationProvisionedProduct',
];

/** Parts of a template that may declare connections and are not looked into, each as a phrase that follows the file's name. */
export function partsNotLookedInto({ content, lineOf }: TemplateDocument): readonly string[] {
  const included = [content['Transform'], content[TRANSFORM]].flatMap(transformNames).includes(INCLUDE);
  return [
    ...(included ? [noteOn(`an ${INCLUDE} beside its sections`)] : []),
    ...nestedIn(content['Resources'], lineOf),
  ];
}

function nestedIn(resources: unknown, lineOf: TemplateDocument['lineOf']): readonly string[] {
  if (!isObject(resources)) return [];
  return Object.entries(resources).flatMap(([logicalId, resource]) => {
    if (isLoop(logicalId)) return nestedIn(repeated(resource), lineOf);
    if (logicalId === TRANSFORM) {
      return transformNames(resource).includes(INCLUDE) ? [noteOn(`an ${INCLUDE} among its Resources`)] : [];
    }
    const type = isObject(resource) ? resource['Type'] : undefined;
    if (typeof type !== 'string' || !(NESTED_TYPES.includes(type) || type.endsWith('::MODULE'))) return [];
    const line = lineOf(logicalId);
    return [noteOn(`${logicalId}${line === undefined ? '' : ` in line ${String(line)}`}, ${type}`)];
  });
}

function noteOn(part: string): string {
  return `has ${part}: the template in it was not looked into, and no connection of it is imported. Import that template as a file of its own`;
}
