import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import type { Operation } from "../../lib/actions/descriptor.ts";
import { judgeOperation } from "../../lib/authority/derive/judge-operation.ts";
import type { Step } from "../../lib/contract/step.ts";
import type { RiskClass } from "../../lib/encoding/members.ts";
import {
  contractOf,
  FUNCTION,
  OBJECT,
  PARAMETER,
  putObject,
  putParameter,
  TABLE,
  updateAlias,
  updateItem,
} from "./fixtures.ts";

/** `{ title, step, risk?: the contract's, parameters?: the step's, operation: changes of a listed one, … }` */
interface Case {
  readonly title: string;
  readonly step: "alias" | "item" | "object" | "parameter";
  readonly risk?: RiskClass;
  readonly parameters?: Step["parameters"];
  readonly resources?: string[];
  readonly operation?: Partial<Operation>;
  readonly code?: string;
  readonly pointer?: string;
  readonly detail?: string;
}

const STEPS = { alias: updateAlias, item: updateItem, object: putObject, parameter: putParameter };
const LISTED: Record<Case["step"], Operation> = {
  alias: {
    action: "lambda:UpdateAlias",
    resource: FUNCTION,
    parameters: { alias: "live", version: "7", percent: 10 },
  },
  item: {
    action: "dynamodb:UpdateItem",
    resource: TABLE,
    parameters: { "key/pk": "svc-a", "set/weight": 3 },
  },
  object: {
    action: "s3:PutObject",
    resource: OBJECT,
    parameters: { body: "{}", contentType: "application/json" },
  },
  parameter: {
    action: "ssm:PutParameter",
    resource: PARAMETER,
    parameters: { value: "20", expect: "10" },
  },
};

const cases: Case[] = JSON.parse(
  readFileSync(new URL("./cases/scope/operations.json", import.meta.url), "utf8"),
);

suite("VAI-41 an operation is judged by the step", () => {
  for (const each of cases) {
    test(each.title, () => {
      const step = STEPS[each.step]({
        ...(each.parameters !== undefined && { parameters: each.parameters }),
        ...(each.resources !== undefined && { resources: each.resources }),
      });
      const refusal = judgeOperation(
        step,
        { ...LISTED[each.step], ...each.operation },
        contractOf([step], each.risk === undefined ? {} : { risk: each.risk }),
      );
      assert.equal(refusal?.code, each.code);
      assert.equal(refusal?.pointer, each.pointer);
      if (each.detail !== undefined) assert.equal(refusal?.detail, each.detail);
    });
  }
});
