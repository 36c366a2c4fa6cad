import { randomUUID } from "node:crypto";
import { Option } from "commander";
import { inside } from "../../audit/plain-text.ts";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import { signJws } from "../../encoding/jws.ts";
import { readDecision, readProof } from "../../proof/proof.ts";
import { isRefusal } from "../../refusal.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, readDeployment } from "../deployment.ts";
import { readJson, requireNew } from "../files.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { readContractFile } from "../operation.ts";
import { deliver } from "../voice/deliver.ts";
import { addDeliveryOptions, type VoiceOptions } from "../voice/options.ts";
import { readVoice, saveVoice, type VoiceEvent } from "../voice/saved.ts";
import { nameOf, speakerKey } from "../voice/speaker.ts";

interface Options extends Omit<VoiceOptions, "policy"> {
  readonly outcome: "DENY" | "ESCALATE";
  readonly decision?: string;
}

/** `vai supersede`: a later decision on a contract's intent, which ends every contract under the earlier ones. */
export const supersedeCommand: AddCommand = (command, io, end) => {
  addDeliveryOptions(
    command
      .argument(
        "<file>",
        "contract and proof, as vai contract sign wrote them; with --send: a file of --out",
      )
      .addOption(
        new Option("--outcome <outcome>", "what is decided now")
          .choices(["DENY", "ESCALATE"])
          .default("DENY"),
      )
      .option(
        "--decision <file>",
        "sends a decision that the policy engine has signed, in place of one that is signed here",
      )
      .option("--as <name>", "the decider's name in the trust policy (default: the local AWS's)")
      .option("--key <file>", "private JWK of the decider (default: the local AWS's)")
      .option("--out <file>", "send nothing: write what was signed, for a machine that may send")
      .option("--send", "the file is one of --out: sends it, byte for byte; signs nothing"),
  ).action(async (file: string, options: Options) => {
    const deployment = readDeployment(io, options.outputs);
    const event =
      options.send === true
        ? readVoice(file, "supersede")
        : supersedingEvent(deployment, file, options);
    const object = objectOf(event);
    if (options.out === undefined || options.send === true) {
      end(await deliver(io, deployment, { event, object }, options));
    } else report(io, options.json === true, event, saveVoice(options.out, event));
  });
};

function supersedingEvent(deployment: Deployment, file: string, options: Options): VoiceEvent {
  if (options.out !== undefined) requireNew(options.out);
  const { proof } = readContractFile(file);
  const read = readProof(proof);
  if (isRefusal(read)) throw new CommandError(EXIT.unreadable, `${file}: ${read.detail}`);
  const decision =
    options.decision === undefined
      ? signedDecision(deployment, read.decision.claims, options)
      : decisionIn(options.decision);
  return { op: "supersede", intentId: read.intent.id, decision };
}

type Claims = Exclude<ReturnType<typeof readDecision>, { code: unknown }>["claims"];

/** The earlier decision with another outcome, of now: what it was about is what this one takes back. */
function signedDecision(deployment: Deployment, earlier: Claims, options: Options): string {
  const iat = toSeconds(systemClock());
  const claims = {
    ...earlier,
    ...{ iss: nameOf(deployment, "decider", options.as), outcome: options.outcome },
    ...{ iat, exp: Math.max(earlier.exp, iat + 1), jti: randomUUID() },
  };
  return signJws("vai-decision+jwt", claims, speakerKey(deployment, "decider", options));
}

/** A compact JWS, bare or as a JSON text, or the file of a contract under it. */
function decisionIn(file: string): string {
  const content = readJson(file);
  const found = typeof content === "string" ? content : inside(content, "proof", "decision");
  if (typeof found === "string") return found;
  throw new CommandError(
    EXIT.unreadable,
    `${file} holds no decision: a JSON text with its JWS, or the file of a contract under it`,
  );
}

/** What the decision says, as it was signed. @throws {CommandError} for what is none. */
function objectOf({ decision, intentId }: VoiceEvent): string {
  const read = readDecision(decision, "");
  if (isRefusal(read)) throw new CommandError(EXIT.unreadable, `no decision: ${read.detail}`);
  const { iss, outcome, iat } = read.claims;
  return `the decision ${outcome} of ${iss}, of ${toInstant(iat * 1000)}, on intent ${intentId}: every contract under an earlier one has ended`;
}
