import { withoutAws } from "../../localstack/machine/environment.ts";

/** The environment of tests: nothing of the person's own AWS reaches them. */
export const testEnvironment = (temporary: string): NodeJS.ProcessEnv => ({
  ...withoutAws(process.env),
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_EC2_METADATA_DISABLED: "true",
  TMPDIR: temporary,
});
