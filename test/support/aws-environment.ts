/** Sets `AWS_` variables of this process, which AWS's SDK reads, and restores them after each test. */
export function useAwsEnvironment(): (variables: Readonly<Record<string, string>>) => void {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  const clear = () => {
    for (const name of Object.keys(process.env))
      if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
  };
  beforeEach(clear);
  afterEach(() => {
    clear();
    Object.assign(process.env, Object.fromEntries(own));
  });
  return (variables) => {
    Object.assign(process.env, variables);
  };
}
