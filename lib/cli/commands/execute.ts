import { randomUUID } from "node:crypto";
import { invokeFunction } from "../../aws/people/invoke.ts";
import { contractDigest, executeEvent } from "../../client/request.ts";
import { systemClock, toSeconds } from "../../clock.ts";
import { answerLines, exitCodeOfAnswer } from "../answers.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { placeFor, readDeployment } from "../deployment.ts";
import { readJson } from "../files.ts";
import { readHandleFile } from "../handle-file.ts";
import { report } from "../io.ts";
import {
  addAskingOptions,
  operationUnder,
  SENDING_OPTIONS,
  type SendingOptions,
} from "../operation.ts";
import { readAnswer } from "../read-answer.ts";
import { requireInside } from "../redemption.ts";
import { keepEvent } from "../saved-event.ts";
import { keyOf } from "./contract.ts";

interface Options extends SendingOptions {
  readonly force?: true;
}

/** A handle has cost its use when it was made. */
const USE = (): string => "spent when the handle was made";

/** `vai execute`: redeems a handle, as an agent does. */
export const executeCommand: AddCommand = (command, io, end) => {
  command.argument(
    "<file>",
    "what `vai issue --delivery handle` wrote; with --event: an event that was saved",
  );
  for (const [flags, help] of SENDING_OPTIONS) command.option(flags, help);
  addAskingOptions(command, { withStep: false });
  command.option("--force", "send it even if it is outside the contract, which ends the contract");
  command.action(async (file: string, options: Options) => {
    const deployment = readDeployment(io, options.outputs);
    const event = options.event === true ? readJson(file) : signedEvent(file, options);
    const kept = keepEvent(options.saveEvent, event);
    const place = placeFor(deployment, "agent");
    const { execute } = deployment.functions;
    const answer = await asCaller(io, place, async () =>
      readAnswer(await invokeFunction(place, execute, event), execute),
    );
    report(io, options.json === true, answer, [
      ...answerLines(answer, options.outputs, USE),
      ...kept,
    ]);
    end(exitCodeOfAnswer(answer));
  });

  function signedEvent(file: string, options: Options): unknown {
    const deployment = readDeployment(io, options.outputs);
    const held = readHandleFile(file);
    const operation = operationUnder(held, options);
    if (options.force !== true) requireInside(held, operation);
    return executeEvent(
      {
        plane: deployment.plane,
        handle: held.handle,
        chain: held.blocks,
        contractDigest: contractDigest(held.contract),
        operation,
        idempotencyKey: options.idempotencyKey ?? randomUUID(),
        jti: randomUUID(),
        iat: toSeconds(systemClock()),
      },
      keyOf(deployment, "agent", options.key),
    );
  }
};
