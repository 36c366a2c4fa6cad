import { randomUUID } from "node:crypto";
import { Option } from "commander";
import { systemClock, toSeconds } from "../../clock.ts";
import { signJws } from "../../encoding/jws.ts";
import { type Attestation, judgeEvaluator, readAttestation } from "../../proof/attestation.ts";
import { isRefusal, type Refusal } from "../../refusal.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, readDeployment } from "../deployment.ts";
import { requireNew } from "../files.ts";
import { CommandError, EXIT, type Io, report } from "../io.ts";
import { vaiLine } from "../self.ts";
import type { TrustAtHand } from "../trust-at-hand.ts";
import { contractMeant, type MeantContract, requireUsable } from "../voice/contract-meant.ts";
import { deliver } from "../voice/deliver.ts";
import { addVoiceOptions, several, type VoiceOptions } from "../voice/options.ts";
import { readVoice, saveVoice, type VoiceEvent } from "../voice/saved.ts";
import { nameOf, speakerKey, trustFor } from "../voice/speaker.ts";

interface Options extends VoiceOptions {
  readonly verdict?: Attestation["verdict"];
  readonly objection?: readonly string[];
  readonly requires?: readonly string[];
  readonly class?: string;
  readonly intent?: string;
  readonly identity?: string;
  readonly obligation?: string;
}

const VERDICTS: readonly Attestation["verdict"][] = ["approve", "reject", "abstain"];

/** `vai attest`: an evaluator's word on the decision of a contract, or on an obligation that waits for it. */
export const attestCommand: AddCommand = (command, io, end) => {
  addVoiceOptions(
    command.argument(
      "<contract>",
      "its file; or the digest of one that is bound, with --intent; with --send: a file of --out",
    ),
    "evaluator",
  )
    .addOption(new Option("--verdict <verdict>", "what is said").choices(VERDICTS))
    .option("--objection <text>", "what speaks against it; again for each", several)
    .option(
      "--requires <name>",
      "an obligation that the contract must carry, or this approve counts as an abstention; again for each",
      several,
    )
    .option("--class <class>", "the evaluator's class (default: as the trust policy has it)")
    .option("--identity <id>", "speaks of an obligation of this identity, not of the decision")
    .option("--obligation <name>", "which obligation that is: it has happened, or (reject) has not")
    .option("--intent <id>", "the intent of a contract that is named by its digest")
    .addHelpText(
      "after",
      "\nOf one evaluator a reject stays, whatever else it says later; a reject of a class with a veto stops the contract. It is on record either way.",
    )
    .action(async (given: string, options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      const event =
        options.send === true
          ? readVoice(given, "attest")
          : await signedAttestation(io, deployment, given, options);
      const object = objectOf(event);
      if (options.out === undefined || options.send === true) {
        end(await deliver(io, deployment, { event, object }, options));
      } else report(io, options.json === true, event, saveVoice(options.out, event));
    });
};

async function signedAttestation(
  io: Io,
  deployment: Deployment,
  given: string,
  options: Options,
): Promise<VoiceEvent> {
  const { verdict, out } = options;
  if (verdict === undefined) {
    throw new CommandError(EXIT.unreadable, `give --verdict, one of: ${VERDICTS.join(", ")}`);
  }
  if (out !== undefined) requireNew(out);
  const now = systemClock();
  const found = await contractMeant(io, deployment, given, options);
  const object = objectIn(found, options);
  // An obligation may be due behind the contract's window.
  if ("decisionDigest" in object) {
    requireUsable(found, deployment, toSeconds(now));
    requireOwnDecision(found);
  }
  const trust = await trustFor(io, deployment, options, now);
  const iss = nameOf(deployment, "evaluator", options.as);
  const claims = {
    ...{ iss, iat: toSeconds(now), jti: randomUUID(), verdict, ...object },
    class: classOf(iss, trust, options.class),
    ...{ objections: options.objection ?? [], obligations: options.requires ?? [] },
  };
  const key = speakerKey(deployment, "evaluator", options);
  const attestation = signJws("vai-attestation+jwt", claims, key);
  const read = readAttestation(attestation, "");
  requireFit(
    isRefusal(read)
      ? read
      : "policy" in trust
        ? judgeEvaluator(read, trust.policy, toSeconds(now), "")
        : undefined,
  );
  return { op: "attest", contractDigest: found.contract.digest, attestation };
}

type Object = { decisionDigest: string } | { obligation: { identityId: string; name: string } };

function objectIn(
  { contract: { claims } }: MeantContract,
  { identity, obligation: name }: Options,
): Object {
  if (identity === undefined && name === undefined) {
    return { decisionDigest: claims.decision.digest };
  }
  const events = (claims.obligations ?? []).filter(({ kind }) => kind === "event");
  const isOne = events.some((each) => each.name === name);
  if (identity !== undefined && name !== undefined && isOne) {
    return { obligation: { identityId: identity, name } };
  }
  const some = events.length === 0 ? "it has none" : events.map((each) => each.name).join(", ");
  throw new CommandError(
    EXIT.unreadable,
    `give --identity ID and --obligation NAME, one of the contract's events: ${some}`,
  );
}

/** Whoever has read the decision of a file speaks of that one, and of no other that its contract names. @throws {CommandError}. */
function requireOwnDecision({ proof, decider }: MeantContract): void {
  if (proof === undefined || decider !== undefined) return;
  throw new CommandError(
    EXIT.no,
    "the file's decision is not the one that its contract names; nothing was signed",
  );
}

/** @throws {CommandError} where nobody says it. */
function classOf(iss: string, trust: TrustAtHand, given: string | undefined): string {
  if (given !== undefined) return given;
  const found =
    "policy" in trust ? trust.policy.evaluators.find(({ name }) => name === iss) : undefined;
  if (found !== undefined) return found.class;
  const why = "policy" in trust ? `the trust policy has no evaluator ${iss}` : trust.unknown;
  throw new CommandError(EXIT.unreadable, `give --class, for ${why}`);
}

/** @throws {CommandError} with the plane's own words. */
function requireFit(refusal: Refusal | undefined): void {
  if (refusal === undefined) return;
  throw new CommandError(
    refusal.code === "ATTESTATION_MALFORMED" ? EXIT.no : EXIT.unreadable,
    `nothing was sent: ${refusal.code}, ${(refusal.pointer ?? "").slice(1)} ${refusal.detail}. ${vaiLine("trust", "show")} lists the evaluators`,
  );
}

/** What an attestation says, as it was signed. @throws {CommandError} for what is none. */
function objectOf({ attestation, contractDigest }: VoiceEvent): string {
  const read = readAttestation(attestation, "");
  if (isRefusal(read)) throw new CommandError(EXIT.unreadable, `no attestation: ${read.detail}`);
  const { claims } = read;
  const { iss, verdict, objections, class: own } = claims;
  const what =
    "obligation" in claims
      ? `obligation ${claims.obligation.name} of identity ${claims.obligation.identityId}`
      : `decision ${claims.decisionDigest}`;
  const why = objections.length === 0 ? "" : `: ${objections.join("; ")}`;
  return `${verdict} of ${iss} (${own}) on ${what} of contract ${contractDigest}${why}`;
}
