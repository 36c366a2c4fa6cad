import { judgeIssuer } from "../../contract/judge.ts";
import { isDigest } from "../../encoding/digest.ts";
import { present } from "../../encoding/present.ts";
import type { Refusal } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { Deployment } from "../deployment.ts";
import { CommandError, EXIT, type Io } from "../io.ts";
import { vaiLine } from "../self.ts";
import type { MeantContract } from "./contract-meant.ts";
import type { VoiceOptions } from "./options.ts";
import { trustFor } from "./speaker.ts";

/** What somebody gives who approves a contract or a delegation. */
export interface ApproveOptions extends VoiceOptions {
  readonly step?: string;
  readonly role?: string;
  readonly intent?: string;
  readonly digest?: string;
  readonly statement?: string;
  readonly show?: true;
}

/** The trust policy, if it says that the contract is its issuer's. @throws {CommandError}: what nobody verified nobody signs. */
export async function verifiedBy(
  io: Io,
  deployment: Deployment,
  options: ApproveOptions,
  now: number,
  { contract }: Pick<MeantContract, "contract">,
): Promise<{ readonly policy: TrustPolicy; readonly from: string }> {
  const trust = await trustFor(io, deployment, options, now);
  if ("unknown" in trust) {
    throw new CommandError(
      EXIT.unreadable,
      `nobody can say whether the contract is its issuer's: ${trust.unknown}; nothing was signed`,
    );
  }
  requireFit(judgeIssuer(contract, trust.policy));
  return trust;
}

/** @throws {CommandError} with the plane's own words. */
export function requireFit(refusal: Refusal | undefined): void {
  if (refusal === undefined) return;
  const where = refusal.pointer === undefined ? "" : ` (${refusal.pointer})`;
  throw new CommandError(
    EXIT.no,
    `nothing was signed or sent: ${refusal.code}, ${refusal.detail}${where}. ${vaiLine("explain", refusal.code)} says more`,
  );
}

/** What somebody was asked to approve is what is here. @throws {CommandError}. */
export function requireExpected(
  options: Pick<ApproveOptions, "statement" | "digest">,
  found: { readonly statement: string; readonly digest: string },
  of = "the contract",
): void {
  for (const name of ["digest", "statement"] as const) {
    const wanted = options[name];
    if (wanted === undefined || wanted === found[name]) continue;
    if (!isDigest(wanted)) throw new CommandError(EXIT.unreadable, `--${name} is no digest`);
    const what = name === "digest" ? of : "its statement";
    throw new CommandError(
      EXIT.no,
      `nothing was signed: ${what} has the digest ${found[name]}, and not ${wanted}`,
    );
  }
}

/** Whoever has read the statement signs this very one. */
export function signLine(given: string, options: ApproveOptions, statement: string): string {
  const { step, intent, as, key, policy, outputs, profile, role } = options;
  const again = present({ step, intent, role, as, key, policy, outputs, profile });
  const flags = Object.entries(again).flatMap(([name, value]) => [`--${name}`, value]);
  return vaiLine("approve", given, ...flags, "--statement", statement);
}

/** @throws {CommandError} where nobody said which of several, and of somebody who has none. */
export function roleOf(iss: string, { approvers }: TrustPolicy, given: string | undefined): string {
  if (given !== undefined) return given;
  const { roles = [] } = approvers.find(({ name }) => name === iss) ?? {};
  const [only] = roles;
  if (only === undefined) {
    const names = approvers.map(({ name }) => name).join(", ") || "nobody";
    throw new CommandError(
      EXIT.unreadable,
      `nothing was signed: by the trust policy ${iss} approves nothing; --as is one of: ${names}`,
    );
  }
  if (roles.length === 1) return only;
  throw new CommandError(EXIT.unreadable, `give --role, one of: ${roles.join(", ")}`);
}
