#!/usr/bin/env node
// @ts-check
import { argv, env, stderr, stdout } from "node:process";
import { useCompileCache } from "./compile-cache.js";
import { outliveReader } from "./pipes.js";

// This file and compile-cache.js are JavaScript: to strip types Node loads a compiler first, 40 ms of every command, which
// is needed no more once what it made of the other files is in the cache.
const environment = { ...env };
useCompileCache(environment);
const [{ runCli }, { EXIT, STARTED_BY_VAI }, { visible }] = await Promise.all([
  import("./program.ts"),
  import("./io.ts"),
  import("./visible.ts"),
]);
env[STARTED_BY_VAI] = "1";
for (const stream of [stdout, stderr]) outliveReader(stream);

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
