import { groundOf } from "../../aws/inspect/ground.ts";
import { type Inspector, inspector } from "../../aws/inspect/inspect.ts";
import { systemClock } from "../../clock.ts";
import { lookAround } from "../../doctor/around/look.ts";
import type { Around } from "../../doctor/around/report.ts";
import { examine } from "../../doctor/examine.ts";
import type { Finding } from "../../doctor/finding.ts";
import { permissionsFor } from "../../doctor/permissions.ts";
import { expectedOf } from "../../doctor/plane.ts";
import { preflightPermissions } from "../../doctor/preflight/permissions.ts";
import { preflight } from "../../doctor/preflight/preflight.ts";
import { planLines, planOf } from "../../doctor/repair/plan.ts";
import { present } from "../../encoding/present.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "../io.ts";
import { counted } from "../plural.ts";
import { deploymentFile, synthesise } from "../synthesis.ts";

interface Options {
  readonly outputs?: string;
  readonly profile?: string;
  readonly permissions?: true;
  readonly problems?: true;
  readonly repairPlan?: true;
  readonly waysAround?: true;
  readonly preflight?: true;
  readonly deployment?: string;
  readonly json?: true;
}

/** `vai doctor`: is this deployment what it should be? */
export const doctorCommand: AddCommand = (command, io, end) => {
  command
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--profile <name>", "AWS profile to look with (default: what the SDK finds)")
    .option("--permissions", "print the IAM policy that it needs, and look at nothing")
    .option("--problems", "leave out what is in order")
    .option("--repair-plan", "print the calls of the AWS CLI that put back what differs")
    .option(
      "--ways-around",
      "look instead for who in the account reaches targets or plane without a contract",
    )
    .option("--preflight", "look instead whether the account is ready for a deployment")
    .option(
      "--deployment <file>",
      "with --preflight: the deployment file (default: $VAI_DEPLOYMENT)",
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit codes: 0 all in order, 1 a problem, 3 no problem seen, but not everything could be looked at, 4 AWS cannot be reached.",
    )
    .action(async (options: Options) => {
      refuseTwoLooks(options);
      if (options.preflight === true) return end(await beforeDeploying(io, options));
      const deployment = readDeployment(io, options.outputs);
      if (options.permissions === true) {
        return io.out(JSON.stringify(permissionsFor(expectedOf(deployment), options), null, 2));
      }
      const place = placeFor(deployment, "deployer", options.profile);
      const see = inspector(place, deployment.tables);
      const { findings, principals } = await asCaller(io, place, () =>
        lookAs(options, deployment, see),
      );
      if (options.repairPlan === true) {
        const plan = planOf(findings, place);
        report(io, options.json === true, { plane: deployment.plane, ...plan }, planLines(plan));
        return end(exitCodeOf(findings));
      }
      show(io, options, { plane: deployment.plane }, findings, present({ principals }));
      end(exitCodeOf(findings));
    });
};

/** One look at a time: each has another answer, and other permissions. */
function refuseTwoLooks({ preflight: before, waysAround, repairPlan, deployment }: Options): void {
  const looks = [before, waysAround, repairPlan].filter((each) => each === true);
  if (looks.length > 1) {
    throw new CommandError(
      EXIT.unreadable,
      "give one of --preflight, --ways-around and --repair-plan",
    );
  }
  if (deployment !== undefined && before !== true)
    throw new CommandError(EXIT.unreadable, "--deployment is of --preflight");
}

/** Before anything is deployed there are no outputs: what is wanted comes from the deployment file. */
async function beforeDeploying(io: Io, options: Options): Promise<ExitCode> {
  if (options.permissions === true) {
    io.out(JSON.stringify(preflightPermissions(), null, 2));
    return EXIT.done;
  }
  const file = deploymentFile(io, options.deployment);
  const region = io.environment["AWS_REGION"] || io.environment["AWS_DEFAULT_REGION"];
  if (!region) {
    throw new CommandError(EXIT.unreadable, "name the region to deploy to: export AWS_REGION=…");
  }
  const synthesised = await synthesise(file, region, io.environment);
  const place = { region, ...present({ profile: options.profile }) };
  const findings = await asCaller(io, place, () => preflight(synthesised, groundOf(place)));
  show(io, options, { deployment: file }, findings);
  return exitCodeOf(findings);
}

/** Prints what was found, after what names it. */
function show(
  io: Io,
  { problems, json }: Options,
  named: object,
  findings: readonly Finding[],
  more: object = {},
): void {
  const shown = problems === true ? findings.filter(({ status }) => status !== "ok") : findings;
  report(io, json === true, { ...named, ...amounts(findings), findings: shown, ...more }, [
    ...shown.flatMap(describe),
    summary(findings),
  ]);
}

async function lookAs(
  { waysAround }: Options,
  deployment: Deployment,
  see: Inspector,
): Promise<{ readonly findings: readonly Finding[]; readonly principals?: readonly Around[] }> {
  if (waysAround === true) return lookAround(deployment, see);
  return { findings: await examine(deployment, see, systemClock) };
}

const amounts = (findings: readonly Finding[]) => {
  const count = (wanted: Finding["status"]): number =>
    findings.filter(({ status }) => status === wanted).length;
  return { ok: count("ok"), problems: count("problem"), unseen: count("unseen") };
};

function summary(findings: readonly Finding[]): string {
  const { ok, problems, unseen } = amounts(findings);
  return `${ok} in order, ${counted(problems, "problem")}, ${unseen} could not be looked at`;
}

const WORDS = { ok: "ok", problem: "PROBLEM", unseen: "not seen" } as const;

const describe = ({ status, subject, text, next }: Finding): string[] => [
  `${WORDS[status].padEnd(9)} ${subject}: ${text}`,
  ...(next === undefined ? [] : [`          → ${next}`]),
];

function exitCodeOf(findings: readonly Finding[]): ExitCode {
  const { problems, unseen } = amounts(findings);
  if (problems > 0) return EXIT.no;
  return unseen > 0 ? EXIT.untrusted : EXIT.done;
}
