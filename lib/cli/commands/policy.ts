import { deriveAuthority } from "../../authority/derive/derive.ts";
import type { EnforcementEntry } from "../../authority/derive/enforcement-map.ts";
import { narrowToOperation } from "../../authority/derive/narrow-operation.ts";
import { MAX_SESSION_POLICY } from "../../authority/derive/session-policy.ts";
import { toInstant } from "../../clock.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { isRefusal } from "../../refusal.ts";
import { ANCHOR_KEY_HELP, pinnedAnchors } from "../anchors.ts";
import { refusalNext, refusedLines } from "../answers.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { CommandError, EXIT, report } from "../io.ts";
import {
  type AskingOptions,
  addAskingOptions,
  operationOf,
  readContractFile,
  stepOf,
} from "../operation.ts";
import { vaiLine } from "../self.ts";
import { publishedPolicy } from "../trust-policy.ts";

interface Options extends AskingOptions {
  readonly anchorKey?: string;
  readonly outputs?: string;
  readonly json?: true;
}

const NEEDS =
  "vai policy reads the trust policy in force from the deployment, for the actions and roles that it opens: ";

/** `vai policy`: what IAM will be told, and who enforces what. */
export const policyCommand: AddCommand = (command, io, end) => {
  command
    .argument("<file>", "what `vai contract sign` wrote, or a contract JWS as a JSON string")
    .option("--anchor-key <file>", ANCHOR_KEY_HELP)
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print JSON");
  addAskingOptions(command, { note: "; shows the policy for this one call" });
  command.action(async (file: string, options: Options) => {
    const deployment = readDeployment(io, options.outputs, NEEDS);
    const { claims } = readContractFile(file);
    const anchors = pinnedAnchors(deployment, options.anchorKey);
    const place = placeFor(deployment, "auditor");
    const trust = await asCaller(io, place, () => publishedPolicy(deployment, place, anchors));
    if (trust === undefined)
      throw new CommandError(
        EXIT.no,
        `no trust policy is published yet: ${vaiLine("trust", "publish", "--help")}`,
      );
    const step = stepOf(claims, options.step);
    const isOneCall = (options.set?.length ?? 0) > 0;
    const effective = isOneCall
      ? narrowToOperation(step, operationOf(claims, options).operation)
      : step;
    const whole = deriveAuthority(claims, step, trust.policy);
    const derived = isRefusal(whole) ? whole : deriveAuthority(claims, effective, trust.policy);
    if (isRefusal(derived)) {
      report(io, options.json === true, derived, [
        ...refusedLines(derived),
        ...refusalNext(derived),
      ]);
      return end(EXIT.no);
    }
    const { sessionPolicy, enforcement } = derived;
    const size = JSON.stringify(sessionPolicy).length;
    report(
      io,
      options.json === true,
      { sessionPolicy, size, limit: MAX_SESSION_POLICY, enforcement },
      [
        `session policy of step ${step.id}${isOneCall ? ", for this one call" : ""} (${size} of ${MAX_SESSION_POLICY} characters)`,
        ...inWords(claims, effective),
        "",
        ...JSON.stringify(sessionPolicy, null, 2).split("\n"),
        "",
        "who enforces what",
        ...enforcement.map(describeEntry),
      ],
    );
  });
};

/** What the session policy says, for a reader who does not read IAM. */
const inWords = ({ nbf, exp, region }: Contract, { actions, resources }: Step): string[] => [
  `  allowed   ${actions.join(", ")}`,
  `  on        ${resources.join(", ")}`,
  `  from      ${toInstant(nbf * 1000)} until ${toInstant(exp * 1000)}, in ${region} only`,
  "  denied    everything else, even where a resource's own policy would allow it",
];

const WORDS = {
  trustPlane: "the trust plane before STS",
  iam: "IAM in the session",
  adapter: "the adapter at the call",
};

const describeEntry = ({ constraint, enforcedBy }: EnforcementEntry): string =>
  `  ${constraint.padEnd(52)} ${enforcedBy.map((each) => WORDS[each]).join(", ")}`;
