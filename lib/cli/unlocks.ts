import * as z from "zod";
import type { StageName } from "../refusal.ts";
import type { Unlock } from "../unlock.ts";
import { vaiLine } from "./self.ts";

const names = z.array(z.string());
const lift = { kind: z.literal("command"), names: z.literal(2) };

/** What an answer says would change a refusal, read strictly: whoever acts on it acts on nothing else. */
export const unlockSchema: z.ZodType<readonly Unlock[]> = z
  .array(
    z.union([
      z.strictObject({
        kind: z.literal("approval"),
        needed: z.int(),
        have: z.int(),
        roles: names,
        step: z.string().exactOptional(),
      }),
      z.strictObject({
        kind: z.literal("attestation"),
        needed: z.int(),
        have: z.int(),
        classesNeeded: z.int(),
        classesHave: z.int(),
        veto: names,
      }),
      z.strictObject({ kind: z.literal("step"), steps: names }),
      z.strictObject({ kind: z.literal("time"), at: z.iso.datetime() }),
      z.strictObject({ ...lift, do: z.literal("resumePlane") }),
      z.strictObject({ ...lift, do: z.literal("reinstateActor"), actorId: z.string() }),
      z.strictObject({ ...lift, do: z.literal("reinstateKey"), jkt: z.string() }),
      z.strictObject({ ...lift, do: z.literal("liftQuarantine"), path: z.string() }),
      z.strictObject({
        kind: z.literal("command"),
        names: z.literal(1),
        do: z.literal("reviewBreakGlass"),
        contractDigest: z.string(),
      }),
      z.strictObject({ kind: z.literal("retry"), afterSeconds: z.int() }),
      z.strictObject({ kind: z.literal("contract") }),
    ]),
  )
  .min(1);

/**
 * The same as a person reads it: who has to do what. All of the lines must come true. `stage`: where it was refused; before
 * a proof is judged it is a command of people that lacks a name, and no contract that somebody could approve.
 */
export const unlockLines = (unlock: readonly Unlock[] = [], stage?: StageName): string[] =>
  unlock.map((each) => `unlock     ${wordsOf(each)}${howTo(each, stage)}`);

/** By which command people do what a contract waits for. */
function howTo(unlock: Unlock, stage: StageName | undefined): string {
  if (stage !== "proof" && stage !== "state") return "";
  if (unlock.kind === "attestation") {
    return `: ${vaiLine("attest", "FILE", "--verdict", "approve")}`;
  }
  if (unlock.kind !== "approval") return "";
  const step = unlock.step === undefined ? [] : ["--step", unlock.step];
  return `: ${vaiLine("approve", "FILE", ...step, "--show")}`;
}

function wordsOf(unlock: Unlock): string {
  switch (unlock.kind) {
    case "approval": {
      const { needed, have, roles, step } = unlock;
      const of = roles.length === 0 ? "" : ` as ${roles.join(" or ")}`;
      return `${needed} must say yes${of}${step === undefined ? "" : ` to step ${step}`}, ${have} so far`;
    }
    case "attestation":
      return [
        `${unlock.needed} evaluators must attest it (${unlock.have} so far)`,
        `of ${unlock.classesNeeded} classes (${unlock.classesHave} so far)`,
        ...(unlock.veto.length === 0 ? [] : [`each of ${unlock.veto.join(", ")} among them`]),
      ].join(", ");
    case "step":
      return `first complete ${unlock.steps.join(", ")}`;
    case "time":
      return `not before ${unlock.at}: ask anew then`;
    case "command":
      if (unlock.do === "reviewBreakGlass")
        return `an auditor who is neither its issuer nor its approver reviews it: ${vaiLine("review", unlock.contractDigest, "--finding", "TEXT")}`;
      return `two people lift it: ${liftLine(unlock)}`;
    case "retry":
      return `the same again after ${unlock.afterSeconds} s`;
    case "contract":
      return "a new contract, under a decision that holds: this one cannot pass any more";
  }
}

function liftLine(unlock: Extract<Unlock, { names: 2 }>): string {
  switch (unlock.do) {
    case "resumePlane":
      return vaiLine("lift", "plane");
    case "reinstateActor":
      return vaiLine("lift", "actor", unlock.actorId);
    case "reinstateKey":
      return vaiLine("lift", "key", unlock.jkt);
    case "liftQuarantine":
      return vaiLine("lift", "quarantine", unlock.path);
  }
}
