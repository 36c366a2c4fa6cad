import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DefaultStackSynthesizer } from "aws-cdk-lib";
import { type Deployment, DeploymentError, readDeployment } from "./deployment.ts";
import { BUNDLED } from "./functions.ts";
import { ownName } from "./plane.ts";
import { partitionOfTargets, regionOf } from "./targets.ts";

/** The policies for an AWS organisation, as files: `organization/<kind>.json`. */
export const KINDS = ["scp", "rcp"] as const;
export type OrganizationPolicy = (typeof KINDS)[number];

/** What stands for a placeholder: one text, or the members of a list. */
export type Values = Readonly<Record<string, string | readonly string[]>>;

/** A policy with `<NAME>` for what differs from plane to plane. @throws {Error} for a name that has no value */
export function fill(template: unknown, values: Values): unknown {
  if (typeof template === "string") return fillText(template, values);
  if (Array.isArray(template)) return template.flatMap((each) => fill(each, values));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) => [name, fill(value, values)]),
  );
}

function fillText(text: string, values: Values): string | readonly string[] {
  const whole = values[/^<([A-Z_]+)>$/.exec(text)?.[1] ?? ""];
  if (whole !== undefined) return whole;
  return text.replace(/<([A-Z_]+)>/g, (_, name: string) => {
    const value = values[name];
    if (typeof value !== "string") throw new Error(`no text for <${name}> in ${text}`);
    return value;
  });
}

/**
 * What the placeholders stand for in a deployment.
 * @param region where the plane is, if its targets do not say
 * @throws {DeploymentError} when the file does not say enough
 */
export function valuesOf(deployment: Deployment, region: string | undefined): Values {
  const { name, account, targets, administrators, regionalNames } = deployment;
  const where = regionOf(targets) ?? region;
  if (account === undefined) {
    throw new DeploymentError("/account: must be given: policies of an organisation name it");
  }
  if (where === undefined) {
    throw new DeploymentError("set AWS_REGION: the targets do not say where the plane is");
  }
  const partition = partitionOfTargets(targets);
  const role = (named: string) => `arn:${partition}:iam::${account}:role/${named}`;
  const ofCdk = (use: string) =>
    role(`cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-${use}-role-${account}-${where}`);
  const end = regionalNames ? `-${where}` : "";
  const own = (names: readonly string[]) => names.map((each) => role(ownName(name, each) + end));
  return {
    ...{ PLANE: name, ACCOUNT: account, PARTITION: partition },
    FUNCTION_ROLES: own(BUNDLED),
    SESSION_ROLES: own(["issue", "execute"]),
    CLOUDFORMATION: ofCdk("cfn-exec"),
    CDK: ofCdk("deploy"),
    DEPLOYERS: [ofCdk("cfn-exec"), ...administrators],
    // The root user is nobody whom a policy could be written for.
    DEPLOYER_ROLES_AND_USERS: [ofCdk("cfn-exec"), ...administrators].filter(
      (arn) => !arn.endsWith(":root"),
    ),
  };
}

/** One policy for one deployment. */
export const organizationPolicy = (kind: OrganizationPolicy, values: Values): unknown =>
  fill(
    JSON.parse(readFileSync(join(import.meta.dirname, `organization/${kind}.json`), "utf8")),
    values,
  );

function main(): void {
  const [folder] = process.argv.slice(2);
  const file = process.env["VAI_DEPLOYMENT"];
  if (folder === undefined || file === undefined) {
    throw new DeploymentError(
      "usage: VAI_DEPLOYMENT=<deployment file> npm run organization -- <folder for the policies>",
    );
  }
  const values = valuesOf(readDeployment(resolve(file)), process.env["AWS_REGION"]);
  mkdirSync(folder, { recursive: true });
  for (const kind of KINDS) {
    const to = join(folder, `${kind}.json`);
    // In one line: AWS counts every character of a policy, white space too.
    writeFileSync(to, `${JSON.stringify(organizationPolicy(kind, values))}\n`);
    console.log(to);
  }
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
