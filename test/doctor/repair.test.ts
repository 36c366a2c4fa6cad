import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { suite, test } from "node:test";
import type { Finding } from "../../lib/doctor/finding.ts";
import { call } from "../../lib/doctor/repair/call.ts";
import { commandLine } from "../../lib/doctor/repair/command-line.ts";
import { planLines, planOf } from "../../lib/doctor/repair/plan.ts";

const PLACE = { region: "eu-central-1" };

/** What a shell makes of a line: the words that the program is given. */
const wordsOf = (line: string): string[] =>
  JSON.parse(
    execFileSync(
      "sh",
      [
        "-c",
        `set -- ${line}; exec "$0" -p 'JSON.stringify(process.argv.slice(1))' -- "$@"`,
        process.execPath,
      ],
      { encoding: "utf8", shell: false },
    ),
  );

suite("the repair plan", () => {
  test("USR-12 a call is written as the AWS CLI names it", () => {
    assert.equal(
      commandLine(
        call("lambda", "UpdateEventSourceMapping", { UUID: "a-1", Enabled: true }),
        PLACE,
      ),
      "aws lambda update-event-source-mapping --uuid a-1 --enabled --region eu-central-1",
    );
    assert.equal(
      commandLine(
        call("dynamodb", "UpdateTable", { TableName: "t", DeletionProtectionEnabled: false }),
        {
          ...PLACE,
          profile: "prod",
        },
      ),
      "aws dynamodb update-table --table-name t --no-deletion-protection-enabled --region eu-central-1 --profile prod",
    );
    assert.match(
      commandLine(
        call("dynamodb", "UpdateTimeToLive", { TimeToLiveSpecification: { Enabled: true } }),
        PLACE,
      ),
      /update-time-to-live --time-to-live-specification '\{"Enabled":true\}' --region/,
    );
    assert.match(
      commandLine(
        call("lambda", "PutFunctionConcurrency", { ReservedConcurrentExecutions: 50 }),
        PLACE,
      ),
      /put-function-concurrency --reserved-concurrent-executions 50 --region/,
    );
  });

  test("USR-12 no value is anything but one word to a shell, whoever wrote it", () => {
    const hostile = [`a'b"c$(touch x)\`id\`;&|<>`, "-rf", `'"'"'`, "$HOME *", "\\", "é"];
    for (const value of hostile) {
      const line = commandLine(call("iam", "DeleteRolePolicy", { PolicyName: value }), PLACE);
      const [, , , ...options] = wordsOf(line);
      const [given = ""] = options[0] === "--policy-name" ? options.slice(1) : options;
      assert.equal(given.replace(/^--policy-name=/, ""), value);
    }
  });

  const problem = (subject: string, repair?: Finding["repair"]): Finding => ({
    ...{ status: "problem", subject, text: "differs", next: "look at it" },
    ...(repair && { repair }),
  });
  const one = call("iam", "UntagRole", { RoleName: "r", TagKeys: ["k"] });

  test("USR-12 what one function or table needs is one call: AWS refuses a second while the first is carried out", () => {
    const configure = (FunctionName: string, change: object) =>
      call("lambda", "UpdateFunctionConfiguration", { FunctionName, ...change });
    const { calls } = planOf(
      [
        problem("f", [configure("f", { Role: "r" })]),
        problem("g", [configure("g", { Role: "r" })]),
        problem("f", [configure("f", { Layers: [] })]),
      ],
      PLACE,
    );
    assert.deepEqual(
      calls.map(({ input, text }) => [input, text]),
      [
        [{ FunctionName: "f", Role: "r", Layers: [] }, "differs; differs"],
        [{ FunctionName: "g", Role: "r" }, "differs"],
      ],
    );
  });

  test("USR-12 two findings that one call mends need it once, and what no call mends is by hand", () => {
    const ok: Finding = { status: "ok", subject: "d", text: "fine" };
    const unseen: Finding = { status: "unseen", subject: "e", text: "no permission" };
    const plan = planOf(
      [problem("a", [one]), problem("b", [one]), problem("c"), ok, unseen],
      PLACE,
    );
    assert.deepEqual(
      plan.calls.map(({ subject, operation, input, command }) => [
        subject,
        operation,
        input,
        command,
      ]),
      [["a", "UntagRole", one.input, commandLine(one, PLACE)]],
    );
    assert.deepEqual(plan.byHand, [problem("c")]);
    assert.deepEqual(plan.unseen, [unseen]);
    const lines = planLines(plan);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("#")),
      [commandLine(one, PLACE)],
    );
    assert.match(
      lines.join("\n"),
      /by hand: c: differs → look at it\n# not seen, .*: e: no permission$/,
    );
  });

  test("USR-12 a plan with nothing to do says so", () => {
    assert.deepEqual(planLines(planOf([], PLACE)), ["# There is nothing that a call puts back."]);
  });
});
