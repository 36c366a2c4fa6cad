import { CUT_ACTION } from "../authority/cut-action.ts";
import type { CutLook } from "../aws/inspect/cut.ts";
import { about, type Finding } from "./finding.ts";
import type { Expected } from "./plane.ts";

const WITHOUT = "say scopedCredentials: false in the deployment file and deploy";

/** Whether the region's STS can do what the deployment says of it: cut what is delivered, and hear a denial. */
export function checkCut(
  { isKnown, isDenialHeard }: CutLook,
  { hasProbes, deployment: { region } }: Pick<Expected, "hasProbes" | "deployment">,
): Finding {
  const subject = about(`STS in ${region}`);
  if (!hasProbes) {
    return subject.ok(
      `the deployment does not use ${CUT_ACTION}: delivered credentials exist until STS ends them${
        isKnown ? ", and need not: it knows the call" : ""
      }`,
    );
  }
  if (!isKnown) {
    return subject.problem(
      `does not know ${CUT_ACTION}: delivery credentials fails, and every revocation of a session counts as failed`,
      WITHOUT,
    );
  }
  if (isDenialHeard === false) {
    return subject.problem(
      `lets a session that is denied ${CUT_ACTION} call it: no probe shows whether IAM denies a revoked session`,
      WITHOUT,
    );
  }
  return subject.ok(
    isDenialHeard === undefined
      ? `knows ${CUT_ACTION}; whether it refuses a session that is denied it shows only to a session that may be cut`
      : `knows ${CUT_ACTION}, and refuses a session that is denied it`,
  );
}
