import { type Inspector, inspector } from "../../aws/inspect/inspect.ts";
import { systemClock } from "../../clock.ts";
import { lookAround } from "../../doctor/around/look.ts";
import type { Around } from "../../doctor/around/report.ts";
import { examine } from "../../doctor/examine.ts";
import type { Finding } from "../../doctor/finding.ts";
import { permissionsFor } from "../../doctor/permissions.ts";
import { expectedOf } from "../../doctor/plane.ts";
import { planLines, planOf } from "../../doctor/repair/plan.ts";
import { present } from "../../encoding/present.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { EXIT, type ExitCode, report } from "../io.ts";
import { counted } from "../plural.ts";

interface Options {
  readonly outputs?: string;
  readonly profile?: string;
  readonly permissions?: true;
  readonly problems?: true;
  readonly repairPlan?: true;
  readonly waysAround?: true;
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
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit codes: 0 all in order, 1 a problem, 3 no problem seen, but not everything could be looked at, 4 AWS cannot be reached.",
    )
    .action(async (options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      if (options.permissions === true) {
        return io.out(JSON.stringify(permissionsFor(expectedOf(deployment), options), null, 2));
      }
      const place = placeFor(deployment, "deployer", options.profile);
      const see = inspector(place, deployment.tables);
      const { findings, principals } = await lookAs(options, deployment, see);
      if (options.repairPlan === true) {
        const plan = planOf(findings, place);
        report(io, options.json === true, { plane: deployment.plane, ...plan }, planLines(plan));
        return end(exitCodeOf(findings));
      }
      const shown =
        options.problems === true ? findings.filter(({ status }) => status !== "ok") : findings;
      report(
        io,
        options.json === true,
        {
          plane: deployment.plane,
          ...amounts(findings),
          findings: shown,
          ...present({ principals }),
        },
        [...shown.flatMap(describe), summary(findings)],
      );
      end(exitCodeOf(findings));
    });
};

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
