import { AsyncLocalStorage } from "node:async_hooks";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";

type Variables = Readonly<Record<string, string>>;

const own = new AsyncLocalStorage<Variables>();
let real: NodeJS.ProcessEnv | undefined;
let acting = 0;

/**
 * A function's clients take its role's session from the environment, as Lambda gives it, when they first need it. Several
 * functions in one process each have their own: what is read within the work is the work's.
 */
export async function actingAs<T>(
  { accessKeyId, secretAccessKey, sessionToken = "" }: AwsCredentials,
  work: () => Promise<T>,
): Promise<T> {
  begin();
  const variables = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  try {
    return await own.run(variables, work);
  } finally {
    end();
  }
}

function begin(): void {
  acting += 1;
  if (acting > 1) return;
  real = process.env;
  process.env = new Proxy(real, {
    get: (environment, name) => own.getStore()?.[String(name)] ?? Reflect.get(environment, name),
  });
}

function end(): void {
  acting -= 1;
  if (acting === 0 && real !== undefined) process.env = real;
}
