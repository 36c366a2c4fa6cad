import { randomUUID } from "node:crypto";
import { invokeFunction } from "../../aws/people/invoke.ts";
import { deliveryKey, type IssuedCredentials, openCredentials } from "../../client/credentials.ts";
import { issueEvent } from "../../client/request.ts";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import { callsOf, type Step } from "../../contract/step.ts";
import type { RefusedAnswer } from "../../enforcement/answer.ts";
import { Fault } from "../../refusal.ts";
import { answerLines } from "../answers.ts";
import { asCaller } from "../calling.ts";
import { childEnvironment, requireProgram, runChild } from "../child.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { CommandError, EXIT, type Io, STARTED_BY_VAI } from "../io.ts";
import { type ContractFile, readContractFile, STEP_OPTION, stepOf } from "../operation.ts";
import { readAnswer } from "../read-answer.ts";
import { vaiLine } from "../self.ts";
import { visibleLine } from "../visible.ts";
import { keyOf } from "./contract.ts";

interface Options {
  readonly step?: string;
  readonly key?: string;
  readonly callerProfile?: string;
  readonly outputs?: string;
  readonly once?: true;
  readonly force?: true;
}

const more = (): string => `
Without a command it speaks the AWS SDKs' credential_process protocol: in ~/.aws/config

  [profile agent]
  credential_process = /srv/vai/node_modules/.bin/node /srv/vai/lib/cli/main.js credentials /srv/agent/contract.json --step STEP --key /srv/agent/key.json --outputs /srv/agent/outputs.json --caller-profile caller --once

with the paths of your own; "caller" is another profile, the one that may invoke the plane.

With a command, that program alone gets the session, in its environment:

  ${vaiLine("credentials", "contract.json", "--step", "STEP")} -- aws dynamodb update-item …

Each run is one issuance: one of the step's calls is used, whatever the session then does. The contract must list
the delivery credentials. The session cannot be renewed beyond the calls; IAM ends it with the contract.`;

/** `vai credentials`: an AWS session under a contract, for clients that know nothing of contracts. */
export const credentialsCommand: AddCommand = (command, io, end) => {
  command
    .argument("<file>", "what `vai contract sign` or `vai delegate` wrote")
    .argument("[command...]", "after --: a program that gets the session in its environment")
    .option(...STEP_OPTION)
    .option("--key <file>", "the agent's private key, JWK or PEM (default: the local agent's)")
    .option(
      "--caller-profile <name>",
      "AWS profile that may invoke the plane (default: what the SDK finds)",
    )
    .option(
      "--once",
      "tell the client no Expiration, so that it asks only once (always so when the step has one call)",
    )
    .option("--force", "print the secrets to a terminal too")
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print JSON: what it prints is JSON in any case")
    .addHelpText("after", more)
    .action(async (file: string, command: readonly string[], options: Options) => {
      requireUse(io, command, options);
      const deployment = readDeployment(io, options.outputs);
      const held = readContractFile(file);
      const step = stepOf(held.claims, options.step);
      const answer = await ask(deployment, held, step, options, io);
      if ("code" in answer) {
        for (const line of refusalLines(answer, step, command, options)) io.err(visibleLine(line));
        return end(EXIT.no);
      }
      if (command.length === 0) return io.out(JSON.stringify(processAnswer(answer, step, options)));
      end(await runChild(command, childEnvironment(io.environment, deployment, answer)));
    });
};

/** What must be known before a use is spent. */
function requireUse(io: Io, [program]: readonly string[], { force }: Options): void {
  const refuse = (why: string): never => {
    throw new CommandError(EXIT.unreadable, why);
  };
  if (program !== undefined) requireProgram(program, io.environment);
  else if (io.isTerminal && force !== true) {
    refuse(
      "this prints secrets: put a program after --, let an AWS client run it as credential_process, or give --force",
    );
  }
  if (io.environment[STARTED_BY_VAI] !== undefined) {
    refuse(
      "vai was started to find the credentials that vai itself calls with: give --caller-profile another profile",
    );
  }
}

/** One issuance. The key that opens it lives in this process only, and so does what it opens. */
async function ask(
  deployment: Deployment,
  { contract, proof, blocks: chain }: ContractFile,
  step: Step,
  options: Options,
  io: Io,
): Promise<IssuedCredentials | RefusedAnswer> {
  const { deliverTo, privateKey } = deliveryKey();
  const event = issueEvent(
    {
      ...{ plane: deployment.plane, contract, proof, chain },
      ...{ step: step.id, delivery: "credentials", deliverTo },
      // New each time: credentials are never repeated, so a retry of a lost answer could not bring them.
      idempotencyKey: randomUUID(),
      jti: randomUUID(),
      iat: toSeconds(systemClock()),
    },
    keyOf(deployment, "agent", options.key),
  );
  const place = placeFor(deployment, "agent", options.callerProfile);
  const { issue } = deployment.functions;
  const answer = await asCaller(io, place, async () => {
    const given = await invokeFunction(place, issue, event).catch((error: unknown) =>
      explainCaller(error, options.callerProfile ?? io.environment["AWS_PROFILE"]),
    );
    return readAnswer(given, issue);
  });
  if (!answer.ok) return answer;
  if (answer.credentials === undefined)
    throw new CommandError(EXIT.no, "the plane granted the request and gave no credentials");
  const opened = await openCredentials(answer.credentials, privateKey).catch((error: unknown) => {
    throw error instanceof TypeError ? new CommandError(EXIT.no, error.message) : error;
  });
  // An SDK must not use a session after the contract's end, nor after its own.
  const contractEnd = Date.parse(answer.guarantee.effectiveUntil);
  const expiration = new Date(Math.min(opened.expiration.getTime(), contractEnd));
  return { ...opened, expiration };
}

function explainCaller(error: unknown, profile: string | undefined): never {
  const cause = error instanceof Fault ? error.cause : undefined;
  if (cause instanceof Error && cause.name === "CredentialsProviderError") {
    throw new CommandError(
      EXIT.unreadable,
      profile === undefined
        ? "there are no AWS credentials to invoke the plane with: give --caller-profile, or set them in the environment"
        : // Whether it was this the SDK does not pass on: it says no more than that nobody had any.
          `the profile ${profile} gives no AWS credentials to invoke the plane with. If its credential_process runs vai itself, vai stopped that: it would never end. Give --caller-profile a profile with credentials of its own`,
    );
  }
  throw error;
}

/**
 * The protocol's JSON. `Expiration` tells a client when to come back, and that is another issuance: SDKs of the
 * botocore family come back before every request in a session's last fifteen minutes, and use nothing while that
 * fails. So a step with one call names none: IAM ends the session all the same.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
function processAnswer(
  { accessKeyId, secretAccessKey, sessionToken, expiration }: IssuedCredentials,
  step: Step,
  { once }: Options,
) {
  const mayComeBack = once !== true && callsOf(step) > 1;
  return {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    ...(mayComeBack && { Expiration: toInstant(expiration.getTime()) }),
  };
}

function refusalLines(
  answer: RefusedAnswer,
  step: Step,
  command: readonly string[],
  { once, outputs }: Options,
): string[] {
  if (answer.code !== "CONTRACT_CONSUMED") return answerLines(answer, outputs);
  const calls = callsOf(step);
  return [
    ...answerLines(answer, outputs),
    `each run of vai credentials is one issuance; step ${step.id} allows ${calls}`,
    ...(calls > 1 && command.length === 0 && once !== true
      ? ["boto3 and the aws CLI run it before every request: for them give it --once"]
      : []),
  ];
}
