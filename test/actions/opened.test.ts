import assert from "node:assert/strict";
import { test } from "node:test";
import { isOpened } from "../../lib/actions/opened.ts";
import { issueDependencies } from "../../lib/aws/function/dependencies.ts";
import { ENV } from "../../lib/config.ts";
import { KEYS } from "../support/keys.ts";

const TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/settings";
const OBJECTS = "arn:aws:s3:::bucket/reports/";

test("VAI-146 a target is opened when the deployment lists it for its service: exactly, or by a prefix", () => {
  const targets = { dynamodb: [TABLE], s3: [`${OBJECTS}*`] };
  assert.equal(isOpened(targets, "dynamodb", TABLE), true);
  assert.equal(isOpened(targets, "dynamodb", `${TABLE}-2`), false);
  assert.equal(isOpened(targets, "dynamodb", TABLE.slice(0, -1)), false);
  assert.equal(isOpened(targets, "s3", TABLE), false, "of another service");
  assert.equal(isOpened(targets, "lambda", TABLE), false, "of a service that is not deployed");
  assert.equal(isOpened(targets, "s3", `${OBJECTS}2026/may.csv`), true);
  assert.equal(isOpened(targets, "s3", "arn:aws:s3:::bucket/other"), false);
});

test("VAI-146 a function opens what its deployment told it", () => {
  const environment = {
    ...Object.fromEntries(Object.values(ENV).map((name) => [name, "x"])),
    [ENV.plane]: "vai:000000000000:us-east-1:example",
    [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
    [ENV.targets]: JSON.stringify({ dynamodb: [TABLE] }),
    [ENV.targetKeys]: "{}",
    [ENV.scopedCredentials]: "true",
  };
  const { isOpened: opens } = issueDependencies("issue", environment);
  assert.deepEqual([opens("dynamodb", TABLE), opens("dynamodb", OBJECTS)], [true, false]);
});
