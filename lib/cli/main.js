#!/usr/bin/env node
import { argv, env, stderr, stdout } from "node:process";
import { STARTED_BY_VAI } from "./io.ts";
import { runCli } from "./program.ts";

const environment = { ...env };
env[STARTED_BY_VAI] = "1";

process.exitCode = await runCli(argv.slice(2), {
  out: (text) => stdout.write(`${text}\n`),
  err: (text) => stderr.write(`${text}\n`),
  environment,
  isTerminal: stdout.isTTY === true,
});
