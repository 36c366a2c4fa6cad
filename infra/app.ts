import { join, resolve } from "node:path";
import { Annotations, App, Tags } from "aws-cdk-lib";
import flags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { BUNDLES, bundle } from "./bundle.ts";
import { type Deployment, DeploymentError, readDeployment } from "./deployment.ts";
import { ExecutionRoleStack } from "./execution-role-stack.ts";
import { checkWithNag } from "./nag.ts";
import { SamplesStack } from "./samples-stack.ts";
import { TrustPlaneStack } from "./trust-plane-stack.ts";

const EXAMPLE = join(import.meta.dirname, "deployment.example.json");

/**
 * A CDK app with the feature flags of new projects, and without usage data in templates: the same
 * sources give the same template on every machine.
 */
export const newApp = (): App => new App({ postCliContext: flags, analyticsReporting: false });

/**
 * Adds the stacks of a deployment: the plane, its roles elsewhere, and the samples if it wants
 * them. Everything that can have tags has the deployment's, and `vai-plane`.
 */
export function addStacks(app: App, deployment: Deployment, bundles: string): TrustPlaneStack {
  const { name, account, elsewhere, samples, tags } = deployment;
  const id = `vai-${name}`;
  const env = account === undefined ? {} : { env: { account } };
  for (const [key, value] of Object.entries({ ...tags, "vai-plane": name })) {
    Tags.of(app).add(key, value);
  }
  if (samples) new SamplesStack(app, `${id}-samples`, env);
  if (account !== undefined) {
    for (const place of elsewhere) {
      const roles = `${id}-roles-${place.account}-${place.region}`;
      new ExecutionRoleStack(app, roles, { plane: name, planeAccount: account, place });
    }
  }
  return new TrustPlaneStack(app, id, { deployment, bundles, ...env });
}

/**
 * What `cdk` runs: bundles the functions, synthesises the stacks. Needs no account and no network.
 */
async function main(): Promise<void> {
  const app = newApp();
  const given = app.node.tryGetContext("deployment") ?? process.env["VAI_DEPLOYMENT"];
  const deployment = readDeployment(given ? resolve(String(given)) : EXAMPLE);
  await bundle();
  const plane = addStacks(app, deployment, BUNDLES);
  if (!given) {
    Annotations.of(plane).addWarningV2(
      "vai:exampleDeployment",
      "synthesised from deployment.example.json, whose anchor key nobody holds; " +
        "name your own file in VAI_DEPLOYMENT or with -c deployment=<file>",
    );
  }
  checkWithNag(app);
  app.synth();
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
