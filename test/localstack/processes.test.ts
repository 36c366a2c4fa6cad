import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { holderOf, withLock } from "../../localstack/machine/lock.ts";
import { anyFreePort, listenFrom } from "../../localstack/machine/ports.ts";
import {
  endGroup,
  endRecorded,
  identify,
  isRunning,
  readProcesses,
  recordProcesses,
  SCRATCH_MARK,
  startTimeOf,
} from "../../localstack/machine/processes.ts";
import { shownProgress } from "../../localstack/machine/progress.ts";
import { describeStatus, statusOf } from "../../localstack/status.ts";
import { temporaryFolder } from "./support/temporary.ts";

/** A process that leads a group and has a child in it; `ready` when both run. */
async function group(t: TestContext, script: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["-e", script], {
    ...{ detached: true, env: { ...process.env, ...env } },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // It has ended, as it should.
    }
  });
  const worker = Number(await firstLine(child));
  return { id: identify(child.pid), worker };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.stdout?.once("data", (data: Buffer) => resolve(`${data}`)));
}

const WITH_WORKER = `
const worker = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
worker.on("spawn", () => console.log(worker.pid));
setInterval(() => {}, 1000);`;
const STUBBORN = `process.on("SIGTERM", () => {}); ${WITH_WORKER}`;

test("ends a group with its workers", async (t) => {
  const { id, worker } = await group(t, WITH_WORKER);
  assert.ok(isRunning(id));
  await endGroup(id);
  assert.ok(!isRunning(id));
  assert.equal(startTimeOf(worker), undefined);
});

test("ends by force what does not end by asking", async (t) => {
  const { id, worker } = await group(t, STUBBORN);
  await endGroup(id, 200);
  assert.ok(!isRunning(id));
  assert.equal(startTimeOf(worker), undefined);
});

test("never touches a process that has the recorded pid but another start time", async (t) => {
  const folder = temporaryFolder(t);
  const { id } = await group(t, WITH_WORKER);
  const recycled = { pid: id.pid, startedAt: "earlier" };
  const file = join(folder, "processes.json");
  recordProcesses(file, {
    emulator: recycled,
    frontDoor: recycled,
    port: 1,
    emulatorPort: 2,
    complete: true,
  });
  await endRecorded(file, join(folder, "scratch"));
  assert.ok(isRunning(id), "it runs on");
  assert.equal(readProcesses(file), undefined, "and the stale record is gone");
  await endGroup(id);
});

test("ends the workers of an emulator that died by itself", {
  skip: process.platform !== "linux",
}, async (t) => {
  const folder = temporaryFolder(t);
  const scratch = join(folder, "scratch");
  const { id, worker } = await group(t, WITH_WORKER, { [SCRATCH_MARK]: scratch });
  process.kill(id.pid, "SIGKILL");
  while (isRunning(id)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(startTimeOf(worker), "the worker outlived its emulator");
  const file = join(folder, "processes.json");
  recordProcesses(file, { emulator: id, frontDoor: id, port: 1, emulatorPort: 2, complete: true });
  await endRecorded(file, scratch);
  while (startTimeOf(worker)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(!existsSync(file));
});

test("a record that cannot be read ends nothing", async (t) => {
  const file = join(temporaryFolder(t), "processes.json");
  writeFileSync(file, "{ half");
  assert.equal(readProcesses(file), undefined);
  await endRecorded(file, "/nowhere");
  assert.ok(!existsSync(file));
});

test("ports move aside for each other", async (t) => {
  const first = await anyFreePort();
  const servers = [createServer(), createServer(), createServer()];
  t.after(() => servers.map((server) => server.close()));
  const ports: number[] = [];
  for (const server of servers) ports.push(await listenFrom(server, first));
  assert.equal(new Set(ports).size, 3);
  assert.ok(ports.every((port) => port >= first && port < first + 100));
});

test("a port range that is taken ends in the system's error", async (t) => {
  const held = createServer();
  t.after(() => held.close());
  const port = await listenFrom(held, 0);
  await assert.rejects(listenFrom(createServer(), port, 1), { code: "EADDRINUSE" });
});

test("a lock is held by one at a time and released on failure", async (t) => {
  const lock = join(temporaryFolder(t), "lock");
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
  };
  await Promise.all([1, 2, 3].map(() => withLock(lock, 5_000, work)));
  assert.equal(most, 1);
  const failing = withLock(lock, 100, () => Promise.reject(new Error("failed inside")));
  await assert.rejects(failing, /failed inside/);
  assert.ok(!existsSync(lock));
});

test("a lock of a dead owner is taken over, one of a living owner is waited for", async (t) => {
  const lock = join(temporaryFolder(t), "lock");
  mkdirSync(lock);
  writeFileSync(
    join(lock, "owner.json"),
    JSON.stringify({ pid: process.pid, startedAt: "earlier" }),
  );
  assert.equal(await withLock(lock, 1_000, async () => "taken over"), "taken over");
  mkdirSync(lock);
  writeFileSync(join(lock, "owner.json"), JSON.stringify(identify(process.pid)));
  const message = new RegExp(`Process ${process.pid} has been working here for too long`);
  const told: string[] = [];
  await assert.rejects(
    withLock(
      lock,
      150,
      async () => "never",
      (line) => told.push(line),
    ),
    message,
  );
  const waits = `waiting for process ${process.pid}, which is at work in ${dirname(lock)}`;
  assert.deepEqual(told, [waits], "at once, and once");
  assert.equal(holderOf(lock)?.pid, process.pid);
  rmSync(lock, { recursive: true });
  assert.equal(holderOf(lock), undefined);
});

test("USR-14 while it is being started, status says so, by which process", async (t) => {
  const folder = temporaryFolder(t);
  const during = await withLock(join(folder, "lock"), 0, () => statusOf(folder));
  assert.deepEqual(during, { up: false, atWork: process.pid });
  assert.match(describeStatus(during), new RegExp(`started or ended by process ${process.pid}`));
  assert.deepEqual(await statusOf(folder), { up: false });
});

test("USR-10 progress is shown where there is no terminal, too", () => {
  const shown: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => done(void shown.push(`${chunk}`)),
  });
  shownProgress(stream)("starting");
  assert.deepEqual(shown, ["- starting\n"]);
});
