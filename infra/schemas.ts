const SCHEMAS = /client-[a-z0-9-]+\/dist-es\/schemas\/schemas_0\.js$/;
const CONSTANT = /^const (_[A-Za-z0-9_]+) = ("(?:[^"\\]|\\.)*");$/gm;
const COMPUTED_KEY = /\[(_[A-Za-z0-9_]+)\]:/g;
const REGISTERED = /^n0_registry\.registerError\([A-Za-z0-9_]+\$, ([A-Za-z0-9_]+)\);\n/gm;

/**
 * Error classes of the SDK that our code names. Any other error is an instance of its service's base class, with
 * the same `name`, message and HTTP status, which is what our code reads.
 */
export const KEPT_ERRORS: ReadonlySet<string> = new Set([
  "ConditionalCheckFailedException",
  "TransactionCanceledException",
]);

/**
 * Lets esbuild drop the SDK's schemas of operations that nobody calls and of errors that nobody names: 700 KB.
 *
 * A client keeps all of them in one file, in objects whose keys are written `[_name]:`. A computed key may run code,
 * so a bundler must keep every one. The names are string constants of the same file, so they are put in literally.
 * Errors are kept by a call each, which registers them; it is left out.
 * @param source of any of the SDK's modules; of others than those files it comes back as it is
 */
export function usedSchemasOnly(path: string, source: string): string {
  if (!SCHEMAS.test(path)) return source;
  const constants = new Map(
    [...source.matchAll(CONSTANT)].map(([, name = "", value = ""]) => [name, value] as const),
  );
  return source
    .replace(COMPUTED_KEY, (computed, name: string) => {
      const value = constants.get(name);
      return value === undefined ? computed : `${value}:`;
    })
    .replace(REGISTERED, (call, name: string) => (KEPT_ERRORS.has(name) ? call : ""));
}
