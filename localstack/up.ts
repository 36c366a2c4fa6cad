import { runCommand } from "./command.ts";
import { startLocalAws } from "./local-aws.ts";
import { LocalAwsError } from "./machine/errors.ts";
import { shownPath } from "./machine/paths.ts";
import { shownProgress } from "./machine/progress.ts";

const HELP = `Usage: npm run local:up [-- --json] [-- --help]

Starts a local AWS that enforces IAM, deploys the stack to it and leaves it running. Does nothing
when it is up already: to deploy changed code, run "npm run local:down" first.

  --json  print one JSON object instead of a sentence

Environment:
  AWS_ENDPOINT_URL   use this endpoint and start nothing
  VAI_ALLOW_REMOTE   1: that endpoint may be another machine
  VAI_ALLOW_UNENFORCED
                     1: that endpoint may enforce less than AWS; what it does not enforce is listed
  VAI_ALLOW_FAULTS   1: the front door breaks on request, for tests (localstack/README.md)
  VAI_STATE_DIR      where state is kept (default localstack/.state)

Exit codes: 0 it is up; 1 it could not be started, the message says why and what to do, and nothing
is left running; 2 wrong usage; 130 interrupted, and nothing is left running.`;

await runCommand(import.meta, HELP, { json: { type: "boolean" } }, async (given) => {
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => interrupt.abort(new LocalAwsError("Interrupted.")));
  }
  try {
    const { signal } = interrupt;
    const up = await startLocalAws({ progress: shownProgress(), signal });
    const outputs = shownPath(up.outputsFile);
    const said = { ok: true, endpoint: up.endpoint, outputs, wasUp: up.wasUp };
    const already = up.wasUp ? "already " : "";
    const sentence = `The local AWS is ${already}up at ${up.endpoint}; ${outputs} says the rest.`;
    process.stdout.write(`${given.has("json") ? JSON.stringify(said) : sentence}\n`);
    return 0;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.stderr.write("Interrupted; nothing is left running.\n");
    return 130;
  }
});
