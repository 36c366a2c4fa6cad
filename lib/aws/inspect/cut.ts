import { GetScopedCredentialsCommand, STSClient } from "@aws-sdk/client-sts";
import type { AwsCredentials } from "../../actions/client-settings.ts";
import { present } from "../../encoding/present.ts";
import { issuedSession } from "../../issuance/assume-role.ts";
import { PROBE_QUESTION } from "../../lifecycle/probe.ts";
import { Fault } from "../../refusal.ts";
import { type ClientPlace, dependencyOptions } from "../ports/clients.ts";
import { errorName } from "../ports/faults.ts";

/** What a region's STS makes of GetScopedCredentials. */
export interface CutLook {
  /** Whether it knows the call. */
  readonly isKnown: boolean;
  /** Whether it refuses the call of a session that is denied it; `undefined` when whoever looks cannot make one. */
  readonly isDenialHeard?: boolean;
}

/** Seconds: so long whoever looks has credentials by which nothing is allowed. */
const A_MOMENT = 60;

/**
 * Asks for a cut to nothing at all, which every STS refuses: one that does not know the call as `InvalidAction` (AWS STS
 * API reference, "Common errors"), whatever the caller may do. Then, where the caller is a session that may be cut, for one
 * that may do nothing, and with that again.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` when STS did not answer.
 */
export async function readCut(place: ClientPlace): Promise<CutLook> {
  const clientOf = (credentials?: AwsCredentials): STSClient =>
    new STSClient(dependencyOptions({ ...place, ...present({ credentials }) }));
  const own = clientOf();
  const refusal = await refusalOf(own.send(new GetScopedCredentialsCommand({})));
  if (refusal === "InvalidAction") return { isKnown: false };
  const cut = await own
    .send(new GetScopedCredentialsCommand({ ...PROBE_QUESTION, DurationSeconds: A_MOMENT }))
    .then(
      (answer) => issuedSession(answer).reveal(),
      () => undefined,
    );
  if (cut === undefined) return { isKnown: true };
  const again = await refusalOf(
    clientOf(cut).send(new GetScopedCredentialsCommand(PROBE_QUESTION)),
  );
  if (again !== undefined && again !== "AccessDenied") return { isKnown: true };
  return { isKnown: true, isDenialHeard: again === "AccessDenied" };
}

/** By which name STS refuses; `undefined` when it does not. Both forms of a name, with the suffix of SDKs and without. */
async function refusalOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode ?? 500;
    if (status >= 400 && status < 500) return errorName(error).replace(/Exception$/, "");
    throw new Fault(
      "DEPENDENCY_UNAVAILABLE",
      `sts:GetScopedCredentials failed: ${errorName(error)}`,
      error,
    );
  }
}
