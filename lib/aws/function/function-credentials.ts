/**
 * Credentials of a Lambda function: those of its own role, which Lambda puts into the environment. The bundle
 * puts this in the place of the SDK's default chain (infra/bundle.ts), so that no profile, file, metadata
 * service or sign-on session can ever speak for a function, and a cold start reads 100 KB less. They are the same
 * as long as the process lives, so the environment is read once a client.
 */
export const defaultProvider = () => {
  const environment = process.env;
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  return () =>
    accessKeyId && secretAccessKey && sessionToken
      ? Promise.resolve({ accessKeyId, secretAccessKey, sessionToken })
      : Promise.reject(new Error("the function's role credentials are not in its environment"));
};
