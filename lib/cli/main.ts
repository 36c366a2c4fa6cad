#!/usr/bin/env node
import { argv, env, stderr, stdout } from "node:process";
import { EXIT, STARTED_BY_VAI } from "./io.ts";
import { runCli } from "./program.ts";
import { visible } from "./visible.ts";

const environment = { ...env };
env[STARTED_BY_VAI] = "1";

try {
  process.exitCode = await runCli(argv.slice(2), {
    out: (text) => stdout.write(`${text}\n`),
    err: (text) => stderr.write(`${text}\n`),
    environment,
    isTerminal: stdout.isTTY === true,
  });
} catch (error) {
  // A fault of ours, for a report; its text may quote input, which no terminal must obey.
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`vai: this is a fault of vai itself, please report it\n${visible(trace)}\n`);
  process.exitCode = EXIT.no;
}
