import { randomUUID } from "node:crypto";
import { invokeFunction } from "../../aws/invoke.ts";
import { issueEvent } from "../../client/request.ts";
import { systemClock, toSeconds } from "../../clock.ts";
import type { GrantedAnswer, RefusedAnswer } from "../../enforcement/answer.ts";
import { OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { readJson, writeResult } from "../files.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { ASKING_OPTIONS, type AskingOptions, operationOf, readContractFile } from "../operation.ts";
import type { AddCommand } from "../program.ts";
import { keyOf } from "./contract.ts";

interface Options extends AskingOptions {
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly event?: true;
  readonly saveEvent?: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** `vai issue`: asks for one bounded action under a contract, as an agent does. */
export const issueCommand: AddCommand = (program, io, end) => {
  const command = program
    .command("issue")
    .argument("<file>", "what `vai contract sign` wrote; with --event: an event that was saved")
    .option("--key <file>", "the agent's private JWK (default: the local agent's)")
    .option(
      "--idempotency-key <key>",
      "names this ask; use the same again only to retry it (default: new)",
    )
    .option("--save-event <file>", "also write the signed event that was sent")
    .option("--event", "send a saved event again, byte for byte")
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the answer as JSON")
    .description("asks the trust plane to run one action under a contract");
  for (const [flags, help, collect] of ASKING_OPTIONS) {
    if (collect === undefined) command.option(flags, help);
    else command.option(flags, help, collect, []);
  }
  command.action(async (file: string, options: Options) => {
    const deployment = readDeployment(io, options.outputs);
    const event = options.event === true ? readJson(file) : signedEvent(file, options);
    if (options.saveEvent !== undefined)
      writeResult(options.saveEvent, `${JSON.stringify(event)}\n`);
    const place = placeFor(deployment, "agent");
    const answer = (await invokeFunction(place, deployment.functions.issue, event)) as
      | GrantedAnswer
      | RefusedAnswer;
    report(
      io,
      options.json === true,
      answer,
      answer.ok ? grantedLines(answer) : refusedLines(answer),
    );
    // Granted is not done: what failed or is unknown must not let a script go on.
    const isDone = answer.ok && (answer.outcome?.status ?? "succeeded") === "succeeded";
    end(isDone ? EXIT.done : EXIT.no);
  });

  function signedEvent(file: string, options: Options): unknown {
    const deployment = readDeployment(io, options.outputs);
    const held = readContractFile(file);
    if (held.proof === undefined) {
      throw new CommandError(
        EXIT.unreadable,
        `${file} has no proof: make it with "vai contract sign"`,
      );
    }
    const { step, operation } = operationOf(held.claims, options);
    return issueEvent(
      {
        plane: deployment.plane,
        contract: held.contract,
        proof: held.proof,
        step,
        operation,
        idempotencyKey: options.idempotencyKey ?? randomUUID(),
        jti: randomUUID(),
        iat: toSeconds(systemClock()),
      },
      keyOf(deployment, "agent", options.key),
    );
  }
};

function grantedLines({
  identity,
  outcome,
  evidence,
  deduplicated,
  guarantee,
}: GrantedAnswer): string[] {
  const { error, readBack } = outcome ?? {};
  return [
    `granted${deduplicated ? " (the same grant again: a retry)" : ""}   identity ${identity.identityId}, ${identity.state}`,
    `outcome    ${outcome?.status ?? "not known yet"}${error === undefined ? "" : `: ${error.name} (${error.kind})`}`,
    ...(readBack === undefined
      ? []
      : [`read back  ${readBack.matches ? "matches" : "does not match"}`]),
    ...(outcome?.obligations ?? []).map(
      ({ name, met }) => `obligation ${name} ${met ? "met" : "missed"}`,
    ),
    `ends       ${guarantee.effectiveUntil}`,
    `evidence   ${evidence.chainId} ${evidence.firstSeq}–${evidence.lastSeq}`,
    `next       vai trace ${identity.intentId}`,
  ];
}

function refusedLines({ code, stage, detail, pointer, evidence }: RefusedAnswer): string[] {
  return [
    `refused    ${code} at ${stage}`,
    `why        ${detail}`,
    ...(pointer === undefined ? [] : [`where      ${pointer}`]),
    ...(evidence === undefined ? [] : [`evidence   ${evidence.chainId} ${evidence.seq}`]),
    `next       vai explain ${code}`,
  ];
}
