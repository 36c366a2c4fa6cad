import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { startLocalAws, stopLocalAws } from "./local-aws.ts";
import { LocalAwsError } from "./machine/errors.ts";
import { withLock } from "./machine/lock.ts";
import { stateFolder } from "./machine/paths.ts";
import { shownProgress } from "./machine/progress.ts";
import { play } from "./walkthrough/play.ts";
import { jsonRenderer, type Renderer, textRenderer } from "./walkthrough/render.ts";
import type { Report } from "./walkthrough/report.ts";

/** Milliseconds that a second walkthrough waits for the first one to end. */
const PATIENCE = 10 * 60_000;

const HELP = `Usage: npm start [-- --json] [-- --help]

Starts a local AWS that enforces IAM, deploys the stack to it with cdk deploy, plays what it is for,
verifies offline all evidence that this made, and ends what it started. Takes two minutes or three.

  --json  print one JSON document: steps with what was expected and seen, and the verdict
          (npm itself prints lines too: npm start --silent -- --json)

It has a state folder of its own, localstack/.state-walkthrough, and disturbs no other local AWS. A
second walkthrough waits for the first one, and says so.
Contracts and evidence stay in its folder "work" until the next walkthrough.

Exit codes: 0 all steps ended as expected; 1 at least one did not, or the local AWS could not be
started, and the message says why; 2 wrong usage; 130 interrupted. Nothing is left running.`;

await runCommand(import.meta, HELP, { json: { type: "boolean" } }, async (given) => {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new LocalAwsError("Interrupted."));
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  // Whoever read the output has gone.
  process.stdout.on("error", stop);
  const folder = `${stateFolder().folder}-walkthrough`;
  try {
    const renderer = rendererFor(given.has("json"));
    const lock = join(folder, "walkthrough.lock");
    const alone = () => walkThrough(folder, renderer, interrupt.signal);
    const { ok } = await withLock(lock, PATIENCE, alone, shownProgress());
    return ok ? 0 : 1;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.stderr.write("Interrupted; nothing is left running.\n");
    return 130;
  }
});

function rendererFor(json: boolean): Renderer {
  const { stdout } = process;
  const write = (text: string) => void stdout.write(text);
  return json ? jsonRenderer(write) : textRenderer(write, stdout.isTTY && stdout.hasColors());
}

/** Starts, plays and ends; whoever holds the folder's lock is alone in it. */
async function walkThrough(
  stateDir: string,
  renderer: Renderer,
  signal: AbortSignal,
): Promise<Report> {
  // What a walkthrough left that was killed.
  await stopLocalAws(stateDir);
  const work = join(stateDir, "work");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true, mode: 0o700 });
  try {
    const up = await startLocalAws({ stateDir, progress: shownProgress(), signal });
    return await play({ up, work, renderer, signal });
  } finally {
    await stopLocalAws(stateDir);
  }
}
