import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { withMode } from "../../../localstack/deploy/action-mode.ts";
import { callVai } from "../../../localstack/deploy/vai.ts";
import { REPOSITORY_ROOT } from "../../../localstack/machine/paths.ts";
import { publishedPolicy } from "./iam.ts";
import type { LocalPlane } from "./plane.ts";
import { ownTemporary } from "./state.ts";

/** Publishes the trust policy in force with one action in another mode, and nothing else changed, as a person does. */
async function publishMode(
  plane: LocalPlane,
  action: string,
  mode: "enforce" | "observe",
): Promise<void> {
  const folder = mkdtempSync(join(ownTemporary(), "mode-"));
  try {
    const draft = join(folder, "trust.json");
    writeFileSync(draft, JSON.stringify(withMode(await publishedPolicy(plane), action, mode)));
    const anchor = join(REPOSITORY_ROOT, plane.outputs.keys.anchor);
    const signing = ["--anchor-key", anchor, "--outputs", plane.outputsFile];
    await callVai(["trust", "publish", draft, ...signing, "--json"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An action that is only observed until `enforce`, at the latest until the end of the test. */
export async function observing(
  t: TestContext,
  plane: LocalPlane,
  action: string,
): Promise<{ enforce(): Promise<void> }> {
  let isObserved = true;
  const enforce = async (): Promise<void> => {
    if (isObserved) await publishMode(plane, action, "enforce");
    isObserved = false;
  };
  t.after(enforce);
  await publishMode(plane, action, "observe");
  return { enforce };
}
