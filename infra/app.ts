import { join, resolve } from "node:path";
import { Annotations, App, Tags } from "aws-cdk-lib";
import flags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { BUNDLES, bundle } from "./bundle.ts";
import { type Deployment, DeploymentError, readDeployment } from "./deployment.ts";
import { ExecutionRoleStack } from "./execution-role-stack.ts";
import { hasFunctionUrls } from "./function-urls.ts";
import { checkWithNag } from "./nag.ts";
import { SamplesStack } from "./samples-stack.ts";
import { regionOf } from "./targets.ts";
import { TrustPlaneStack } from "./trust-plane-stack.ts";

const EXAMPLE = join(import.meta.dirname, "deployment.example.json");

/** AWS's account id for documentation: the CDK deploys the example there, hence with nobody's credentials. */
const EXAMPLE_ACCOUNT = "111122223333";

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
  const deployment = placed(
    given
      ? readDeployment(resolve(String(given)))
      : { ...readDeployment(EXAMPLE), account: EXAMPLE_ACCOUNT },
    process.env["CDK_DEFAULT_REGION"],
  );
  await bundle();
  const plane = addStacks(app, deployment, BUNDLES);
  if (!given) {
    Annotations.of(plane).addWarningV2(
      "vai:exampleDeployment",
      "synthesised from deployment.example.json, whose anchor key nobody holds, and which cannot be deployed: " +
        `it is bound to account ${EXAMPLE_ACCOUNT}; ` +
        "name your own file in VAI_DEPLOYMENT or with -c deployment=<file>",
    );
  }
  warnOfRegion(plane, deployment, process.env["CDK_DEFAULT_REGION"]);
  checkWithNag(app);
  app.synth();
}

/** What the region decides; `region`: where the CDK would deploy to, which counts where the targets do not say. */
export function placed(deployment: Deployment, region: string | undefined): Deployment {
  const { targets, functionUrls } = deployment;
  const urls = hasFunctionUrls(functionUrls, regionOf(targets) ?? region);
  return { ...deployment, functionUrls: urls };
}

/** `region`: where the CDK would deploy to. Contracts for another region than the plane's are refused. */
function warnOfRegion(plane: TrustPlaneStack, { targets }: Deployment, region?: string): void {
  const wanted = regionOf(targets);
  if (region === undefined || wanted === undefined || wanted === region) return;
  Annotations.of(plane).addWarningV2(
    "vai:region",
    `the targets are in ${wanted}, the stack would go to ${region}, where every contract for them ` +
      `is refused: set AWS_REGION=${wanted}`,
  );
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
