import { randomUUID } from "node:crypto";
import { invokeFunction } from "../../aws/people/invoke.ts";
import { issueEvent } from "../../client/request.ts";
import { systemClock, toSeconds } from "../../clock.ts";
import type { Contract } from "../../contract/contract.ts";
import { answerLines, exitCodeOfAnswer } from "../answers.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { placeFor, readDeployment } from "../deployment.ts";
import { readJson, requireNew, writtenLine } from "../files.ts";
import { readHandleFile, writeHandleFile } from "../handle-file.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { nextLine, openChoices } from "../next-line.ts";
import {
  addAskingOptions,
  namesOperation,
  operationOf,
  readContractFile,
  SENDING_OPTIONS,
  type SendingOptions,
  stepOf,
} from "../operation.ts";
import { readAnswer } from "../read-answer.ts";
import { keepEvent } from "../saved-event.ts";
import { vaiLine } from "../self.ts";
import { keyOf } from "./contract.ts";

interface Options extends SendingOptions {
  readonly delivery: string;
  readonly out?: string;
}

/** `vai issue`: asks for authority for one bounded action under a contract, as an agent does. */
export const issueCommand: AddCommand = (command, io, end) => {
  command
    .argument(
      "<file>",
      "what `vai contract sign` or `vai delegate` wrote; with --event: an event that was saved",
    )
    .option(
      "--delivery <how>",
      "execute: the plane runs the action now; handle: vai execute redeems it later",
      "execute",
    )
    .option(
      "--out <file>",
      "with --delivery handle: where the handle goes; never over another file",
    );
  for (const [flags, help] of SENDING_OPTIONS) command.option(flags, help);
  addAskingOptions(command);
  command.action(async (file: string, options: Options) => {
    const deployment = readDeployment(io, options.outputs);
    requireDelivery(options);
    const event = options.event === true ? readJson(file) : signedEvent(file, options);
    const kept = keepEvent(options.saveEvent, event);
    const place = placeFor(deployment, "agent");
    const { issue } = deployment.functions;
    const answer = await asCaller(io, place, async () =>
      readAnswer(await invokeFunction(place, issue, event), issue),
    );
    const handle = answer.ok ? answer.handle : undefined;
    if (handle !== undefined && options.out !== undefined)
      writeHandleFile(options.out, handle, event);
    report(io, options.json === true, answer, [
      ...answerLines(answer, options.outputs),
      ...(handle === undefined ? [] : handleLines(options)),
      ...kept,
    ]);
    end(exitCodeOfAnswer(answer));
  });

  function signedEvent(file: string, options: Options): unknown {
    const deployment = readDeployment(io, options.outputs);
    const held = readContractFile(file);
    // Whoever handed a chain on has bound its contract: the proof is on record.
    if (held.proof === undefined && held.chain === undefined) {
      throw new CommandError(
        EXIT.unreadable,
        `${file} has no proof: it is in what ${vaiLine("contract", "sign")} wrote`,
      );
    }
    const { contract, proof, blocks: chain } = held;
    return issueEvent(
      {
        ...{ plane: deployment.plane, contract, proof, chain },
        ...wanted(held.claims, options),
        idempotencyKey: options.idempotencyKey ?? randomUUID(),
        jti: randomUUID(),
        iat: toSeconds(systemClock()),
      },
      keyOf(deployment, "agent", options.key),
    );
  }
};

function handleLines({ out, ...options }: Options): string[] {
  if (out === undefined) {
    return ["handle     not kept: send the same again with --delivery handle --out FILE"];
  }
  const { claims, step, operation } = readHandleFile(out);
  const choices = operation === undefined ? openChoices(stepOf(claims, step)) : [];
  const { label, line } = nextLine(["execute", out], choices, options);
  return [`handle     ${writtenLine(out, false)}`, `${label.padEnd(10)} ${line}`];
}

/** A handle must be kept somewhere, or the use that it cost is lost with it: known before anything is asked. */
function requireDelivery({ delivery, out }: Options): void {
  const problem = deliveryProblem(delivery, out);
  if (problem !== undefined) throw new CommandError(EXIT.unreadable, problem);
  if (out !== undefined) requireNew(out);
}

function deliveryProblem(delivery: string, out: string | undefined): string | undefined {
  if (delivery === "credentials")
    return `for credentials there is: ${vaiLine("credentials", "--help")}`;
  if (delivery !== "execute" && delivery !== "handle")
    return `--delivery ${delivery}: use execute or handle`;
  if (delivery === "handle" && out === undefined) return "--delivery handle needs --out FILE";
  return delivery === "execute" && out !== undefined ? "--out is for --delivery handle" : undefined;
}

/** A handle may leave open which operation it will be, unless totals are reserved for it (PROTOCOL.md §4). */
function wanted(claims: Contract, options: Options) {
  if (options.delivery !== "handle") return operationOf(claims, options);
  const step = stepOf(claims, options.step);
  const hasTotals = Object.keys(step.limits?.totals ?? {}).length > 0;
  return hasTotals || namesOperation(options)
    ? { delivery: "handle" as const, ...operationOf(claims, options) }
    : { delivery: "handle" as const, step: step.id };
}
