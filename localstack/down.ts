import { runCommand } from "./command.ts";
import { stopLocalAws } from "./local-aws.ts";
import { shownProgress } from "./machine/progress.ts";

const HELP = `Usage: npm run local:down [-- --json] [-- --help]

Ends the local AWS that "npm run local:up" started, with every process of it, and removes its keys,
credentials and data. Log files stay. Nothing else is touched.

  --json  print one JSON object instead of a sentence

Environment: VAI_STATE_DIR, where state is kept (default localstack/.state)

Exit codes: 0 nothing of it runs any more, whether it ran before or not; 1 it could not be ended;
2 wrong usage.`;

await runCommand(import.meta, HELP, { json: { type: "boolean" } }, async (given) => {
  const wasUp = await stopLocalAws(undefined, shownProgress());
  const sentence = wasUp ? "The local AWS is down." : "The local AWS was not running.";
  process.stdout.write(`${given.has("json") ? JSON.stringify({ ok: true, wasUp }) : sentence}\n`);
  return 0;
});
