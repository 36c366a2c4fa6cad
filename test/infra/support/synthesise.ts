import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { addStacks, newApp } from "../../../infra/app.ts";
import { type Deployment, readDeployment } from "../../../infra/deployment.ts";
import { BUNDLED } from "../../../infra/functions.ts";
import type { TrustPlaneStack } from "../../../infra/trust-plane-stack.ts";
import { CATALOGUE } from "../../../lib/actions/catalogue.ts";

/** The example deployment, which has both action families. */
export const EXAMPLE: Deployment = readDeployment(
  join(import.meta.dirname, "../../../infra/deployment.example.json"),
);

const folders: string[] = [];

/** A new empty folder, gone when the tests end. */
export function temporaryFolder(): string {
  if (folders.length === 0) process.once("exit", removeFolders);
  const folder = mkdtempSync(join(tmpdir(), "vai-infra-"));
  folders.push(folder);
  return folder;
}

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

let stub: string | undefined;

/** A folder with empty bundles: what the functions do is not tested here. */
export function stubBundles(): string {
  if (stub !== undefined) return stub;
  stub = temporaryFolder();
  for (const name of BUNDLED) {
    mkdirSync(join(stub, name));
    writeFileSync(join(stub, name, "index.mjs"), "export const handler = () => {};\n");
  }
  return stub;
}

/** The plane's stack of a deployment, not yet synthesised. */
export const stackOf = (deployment: Deployment = EXAMPLE): TrustPlaneStack =>
  addStacks(newApp(), deployment, stubBundles());

/** The synthesised template of a deployment. */
export const templateOf = (deployment?: Deployment): Template =>
  Template.fromStack(stackOf(deployment));

/** The account of the plane, and another one in which it has roles. */
const HERE = "111122223333";
const THERE = "444455556666";

/**
 * An app with every stack and every action that there is, not yet synthesised: the plane of an
 * account that is named, its roles in another one, the samples.
 */
export function everyStack(): App {
  const targets = Object.fromEntries(
    CATALOGUE.map(({ action, ceiling }) => [action, [ceiling.example]]),
  );
  const place = { account: THERE, region: "eu-central-1" };
  const there = JSON.parse(JSON.stringify(targets).replaceAll(HERE, THERE));
  const elsewhere = [{ ...place, targets: there }];
  const app = newApp();
  const all = { ...EXAMPLE, account: HERE, targets, elsewhere, samples: true };
  addStacks(app, { ...all, alarmEmails: ["on-call@example.org"] }, stubBundles());
  return app;
}
