import { rmSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../../infra/bundle.ts";
import { clientsFor } from "../../localstack/deploy/clients.ts";
import { startLocalAws } from "../../localstack/local-aws.ts";
import { controlOf } from "../../localstack/machine/control.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import type { Progress } from "../../localstack/machine/progress.ts";
import type { LocalPlane } from "../support/local/plane.ts";

export const STATE = join(REPOSITORY_ROOT, "localstack", ".state-matrix");

/** The deployed stack on a local AWS for the length of some work: of its own, or the one of `VAI_STATE_DIR`. */
export async function withPlane<T>(
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
  work: (plane: LocalPlane) => Promise<T>,
): Promise<T> {
  const named = process.env["VAI_STATE_DIR"];
  const stateDir = named ?? STATE;
  await bundle();
  const aws = await startLocalAws({ stateDir, allowFaults: true, progress, signal });
  try {
    const { outputs, outputsFile, endpoint } = aws;
    const as: LocalPlane["as"] = (credentials) => clientsFor({ endpoint, credentials });
    const { deployer, agent, auditor } = outputs.credentials;
    const people = { deployer: as(deployer), agent: as(agent), auditor: as(auditor) };
    return await work({ outputs, outputsFile, as, control: () => controlOf(stateDir), ...people });
  } finally {
    await aws.stop();
    if (named === undefined) rmSync(STATE, { recursive: true, force: true });
  }
}
