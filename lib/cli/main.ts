#!/usr/bin/env node
import { argv, env, stderr, stdout } from "node:process";
import { runCli } from "./program.ts";

process.exitCode = await runCli(argv.slice(2), {
  out: (text) => stdout.write(`${text}\n`),
  err: (text) => stderr.write(`${text}\n`),
  environment: env,
  isTerminal: stdout.isTTY === true,
});
