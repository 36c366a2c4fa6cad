import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { withoutAws } from "../../localstack/machine/environment.ts";
import { LOCALSTACK_FOLDER, REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { isRunning, readProcesses } from "../../localstack/machine/processes.ts";
import type { Report } from "../../localstack/walkthrough/report.ts";

/** Codes and verdicts that the walkthrough must show, verbatim, by step. */
const SHOWN: Readonly<Record<string, string>> = {
  "one-record": "record.json: OK, Verified OK",
  "grant-shift": "succeeded, read back matches, COMPLETED",
  "traffic-after": "version 1: 90 %, version 2: 10 %",
  "grant-setting": "succeeded, read back matches, COMPLETED",
  "setting-after": "mode: fast",
  "refuse-percent": "PARAMETER_OUT_OF_BOUNDS at scope",
  "refuse-service": "TARGET_MISMATCH at scope",
  "refuse-region": "REGION_MISMATCH at scope",
  "refuse-thief": "EXECUTOR_MISMATCH at executor",
  "refuse-total": "SCOPE_EXCEEDED at scope",
  "refuse-second": "CONTRACT_CONSUMED at state",
  "refuse-expired": "CONTRACT_EXPIRED at state",
  "nothing-changed": "version 1: 90 %, version 2: 10 %, the same revision",
  replay: "deduplicated, succeeded, read back matches, COMPLETED",
  "replay-no-effect": "the same revision",
  handle: "a handle, ISSUED",
  "handle-thief": "EXECUTOR_MISMATCH at executor",
  "handle-redeemed": "succeeded, read back matches, COMPLETED",
  "handle-effect": "mode: safe",
  "handle-twice": "DUPLICATE_EXECUTION at state",
  "mode-observe": "PUBLISHED",
  observed: "ACTION_OBSERVED, it would have been granted",
  "observed-beyond": "ACTION_OBSERVED, it would have been PARAMETER_OUT_OF_BOUNDS at scope",
  "observed-effect": "mode: safe",
  "mode-enforce": "PUBLISHED",
  "observed-enforced": "succeeded, read back matches, COMPLETED",
  "client-allowed": "allowed",
  "client-resource": "AccessDeniedException",
  "client-action": "AccessDeniedException",
  "client-effect": "mode: repaired",
  window: "it was refused in the end",
  "window-open": "allowed",
  "window-over": "ExpiredTokenException",
  register: "BOUND",
  "gate-closed": "STEP_GATE_CLOSED at state",
  statement: "the statement; nothing was signed",
  "gate-approved": "RECORDED",
  "attest-gated-human": "RECORDED",
  approved: "RECORDED",
  "people-granted": "succeeded, read back matches, COMPLETED",
  objection: "RECORDED",
  objected: "EVALUATOR_VETO at proof",
  "hand-on": "handed on to spiffe://example.org/agent/refunds, depth 1",
  chain: "2 blocks",
  refund: "succeeded, not read back, COMPLETED",
  "refund-replayed": "deduplicated, succeeded, not read back, COMPLETED",
  "refund-changed": "REQUEST_SIGNATURE_INVALID at request",
  "refund-thief": "EXECUTOR_MISMATCH at executor",
  "withdraw-thief": "DELEGATOR_MISMATCH at executor",
  "hand-on-thief": "DELEGATOR_MISMATCH at executor",
  superseded: "HEAD_SUPERSEDED at state",
  "refund-once": "1 call, 1 payment",
  "narrow-500": "handed on to spiffe://example.org/agent/refunds, depth 1",
  "narrow-100": "handed on to spiffe://example.org/agent/refunds-eu, depth 2",
  "narrow-80": "succeeded, not read back, COMPLETED",
  "narrow-300": "PARAMETER_OUT_OF_BOUNDS at scope",
  "narrow-payment": "STEP_MISMATCH at scope",
  "narrow-currency": "PARAMETER_OUT_OF_BOUNDS at scope",
  "bound-removed": "CONSTRAINT_REMOVED, nothing was signed",
  "bound-removed-sent": "CONSTRAINT_REMOVED at scope",
  "bound-loosened": "ATTENUATION_VIOLATION, nothing was signed",
  "bound-loosened-sent": "ATTENUATION_VIOLATION at scope",
  "narrow-paid": "1 call, 1 payment",
  "chain-valid": "valid",
  withdrawn: "1 ended",
  "branch-ended": "CHAIN_BLOCK_REVOKED at state",
  "sibling-lives": "succeeded, not read back, COMPLETED",
  "chain-then": "valid then, and not any more",
  "trace-handed-on": "3 handed on, 1 ended",
  "branch-paid": "1 call, 1 payment",
  "block-unapproved": "HUMAN_SIGNATURE_MISSING at proof",
  "block-statement": "the statement; nothing was signed",
  "block-yes": "signed",
  "block-other": "APPROVAL_SIGNATURE_INVALID at proof",
  "block-approved": "handed on to spiffe://example.org/agent/refunds, depth 1",
  "block-used": "succeeded, not read back, COMPLETED",
  "rolled-back": "succeeded, not seen; rollback succeeded, INCOMPLETE",
  emergency: "succeeded, read back matches, COMPLETED",
  "emergency-waits": "BREAK_GLASS_REVIEW_OVERDUE at state",
  "emergency-reviewed": "REVIEWED",
  "emergency-again": "succeeded, read back matches, COMPLETED",
  "lent-works": "allowed",
  status: "credentials of step repair, ISSUED",
  revoke: "REVOKED, adapter reached, iam reached, session reached",
  "lent-denied": "AccessDeniedException",
  halt: "HALTED, iam reached, session reached",
  halted: "AGENT_HALTED at state",
  "lift-alone": "APPROVAL_REQUIRED at contract",
  lift: "LIFTED",
  reinstated: "succeeded, read back matches, COMPLETED",
  "revoke-unreached": "REVOCATION_FAILED at execution",
  "revoke-owed": "REVOKED, its record owed",
  "status-all": "live, pending, expiring, blocked, halted, quarantined, owed",
  identity: "REVOKED, RevocationFailed",
  "agent-direct": "AccessDeniedException",
  "assume-agent": "AccessDenied",
  "assume-deployer": "AccessDenied",
  "role-alone": "ResourceNotFoundException, allowed, ResourceNotFoundException",
  "session-allowed": "allowed",
  "session-resource": "AccessDeniedException",
  "session-action": "AccessDeniedException",
  "session-region": "AccessDeniedException",
  trace: "unanchored",
  verify: "unanchored",
};

interface Started {
  readonly child: ChildProcess;
  readonly folder: string;
  /** Exit code and both streams. */
  readonly end: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** A walkthrough in a state folder of its own, inside the repository as a person's is. */
function walkThrough(t: TestContext, name: string): Started {
  const base = join(LOCALSTACK_FOLDER, `.state-test-${process.pid}-${name}`);
  const folder = `${base}-walkthrough`;
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const main = join(LOCALSTACK_FOLDER, "walkthrough.ts");
  const env = { ...withoutAws(process.env), VAI_STATE_DIR: base };
  const child = spawn(process.execPath, [main, "--json"], {
    ...{ cwd: REPOSITORY_ROOT, env, stdio: ["ignore", "pipe", "pipe"] },
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  const end = new Promise<Awaited<Started["end"]>>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...output }));
  });
  return { child, folder, end };
}

test("USR-10 the walkthrough grants the contract, refuses the rest, and proves it", async (t) => {
  const { folder, end } = walkThrough(t, "whole");
  const { code, stdout, stderr } = await end;
  assert.deepEqual(unsaid(stderr), []);
  const { steps, verdict, ok }: Report = JSON.parse(stdout);
  const otherwise = steps.filter((step) => !step.ok);
  assert.deepEqual(otherwise, []);
  assert.equal(verdict, `${steps.length} of ${steps.length} steps as expected`);
  assert.deepEqual([ok, code], [true, 0]);

  const seen = Object.fromEntries(steps.map((step) => [step.id, step.seen]));
  assert.equal(Object.keys(seen).length, steps.length, "ids are unique");
  for (const [id, words] of Object.entries(SHOWN)) assert.equal(seen[id], words, id);
  assert.match(seen["every-record"] ?? "", /^[1-9]\d+ records$/);
  assert.match(seen["verify-forged"] ?? "", /^tampered, intent\/[0-9a-f-]{36} record \d+$/);
  for (const { id, title, command } of steps) {
    assert.match(
      command,
      /^(\$ (npx --no -- vai|sha256sum) |# by SDK as (deployer|agent|auditor|role|session): )/,
      id,
    );
    assert.match(title, /[.]$/, id);
  }
  assert.deepEqual(leftIn(folder), [], "what holds keys or credentials is gone");
});

test("USR-10 an interrupted walkthrough ends what it started, with exit code 130", async (t) => {
  const { child, folder, end } = walkThrough(t, "interrupted");
  const file = join(folder, "processes.json");
  while (!existsSync(file) && child.exitCode === null) await sleep(25);
  const running = readProcesses(file);
  assert.ok(running);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await end;
  assert.deepEqual([code, stdout], [130, ""]);
  assert.deepEqual(unsaid(stderr), ["Interrupted; nothing is left running."]);
  assert.deepEqual([running.emulator, running.frontDoor].filter(isRunning), []);
  assert.deepEqual(leftIn(folder), []);
});

/** What is said besides how far the start has come, a line for each step. */
const unsaid = (stderr: string): string[] =>
  stderr.split("\n").filter((line) => line !== "" && !line.startsWith("- "));

/** Names in the state folder besides logs and the work of the walkthrough. */
function leftIn(folder: string): string[] {
  const stays = /\.log$|^work$|^compile-cache$/;
  return readdirSync(folder).filter((name) => !stays.test(name));
}
