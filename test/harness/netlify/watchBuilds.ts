import type { DevEventHandler } from '@netlify/dev-utils';

/** A function as Netlify's registry hands it to listeners, as of @netlify/functions-dev 2.0.8. */
interface BuiltFunction {
  readonly name: string;
  readonly mainFile: string;
  readonly buildError: Error | null;
  /** Without a build folder it calls what was built last. */
  invoke(call: { request: Request }): Promise<Response>;
}

type RegistryEvent = Parameters<DevEventHandler>[0] & { function?: BuiltFunction };

export interface Builds {
  readonly onEvent: DevEventHandler;
  /**
   * Resolves when each function known by now has been built.
   *
   * @throws Error that names the functions which cannot be built
   */
  ready(): Promise<void>;
  get(name: string): BuiltFunction | undefined;
}

/** Follows the registry's events, which tell what is being built and how that went. */
export function watchBuilds(log: (line: string) => void): Builds {
  const functions = new Map<string, BuiltFunction>();
  const pending = new Set<string>();
  let failures: string[] = [];
  let isReady = false;
  let settle: (() => void) | undefined;

  return {
    onEvent(event) {
      const built = (event as RegistryEvent).function;
      if (!built) return;
      if (event.name === 'FunctionRegisteredEvent') {
        functions.set(built.name, built);
        if (!isReady) pending.add(built.name);
      }
      if (event.name === 'FunctionBuildErrorEvent') {
        const line = `The function ${built.mainFile} cannot be built: ${built.buildError?.message}`;
        if (isReady) log(line);
        else failures.push(line);
      }
      if (event.name === 'FunctionBuildErrorEvent' || event.name === 'FunctionLoadedEvent') {
        pending.delete(built.name);
        if (pending.size === 0) settle?.();
      }
    },

    async ready() {
      if (pending.size > 0)
        await new Promise<void>((resolve) => {
          settle = resolve;
        });
      isReady = true;
      if (failures.length > 0) throw new Error(failures.join('\n'));
      failures = [];
    },

    get: (name) => functions.get(name),
  };
}
