import type { LocalPlane } from "../support/local/plane.ts";
import { DELIVERIES, type Delivery, governed } from "./deliver.ts";
import { callsOf, countByApi } from "./feed.ts";
import type { Line } from "./measure.ts";
import { benchPlane, progress } from "./plane.ts";
import { type Subject, settingSubject, shiftSubject } from "./subjects.ts";

/** Runs that fill what a process keeps: the verified trust policy, the reader role's session. */
const WARM_UP = 3;

/** AWS calls that one governed action may make by `execute`; one more where it reads its target first. */
const MOST_CALLS: Readonly<Record<string, number>> = {
  "dynamodb:UpdateItem": 12,
  "lambda:UpdateAlias": 13,
};
const SIGNATURES = 3;

/** The AWS calls of one governed action, as the front door's feed has them. */
export async function measureCalls(): Promise<Line[]> {
  const plane = await benchPlane();
  progress("counting the AWS calls of a governed action");
  const lines: Line[] = [];
  for (const subject of [await settingSubject(plane), shiftSubject(plane)]) {
    for (const delivery of DELIVERIES) lines.push(...(await count(plane, subject, delivery)));
  }
  return lines;
}

async function count(plane: LocalPlane, subject: Subject, delivery: Delivery): Promise<Line[]> {
  const prepare = governed(plane, subject, delivery);
  for (let turn = 0; turn < WARM_UP; turn++) await prepare()();
  const { calls } = await callsOf(plane, prepare());
  const counts = countByApi(calls);
  const most = delivery === "execute" ? MOST_CALLS[subject.action] : undefined;
  const whole = delivery === "handle" ? "handle, then execute" : delivery;
  const how = `the front door's feed, in CloudTrail's form, after ${WARM_UP} actions; calls of the functions and of their sessions`;
  const line: Line = {
    name: `AWS calls of one governed ${subject.action}, ${whole}`,
    value: `${calls.length}: ${[...counts].map(([api, times]) => `${times} ${api}`).join(", ")}`,
    ...(most !== undefined && { goal: `≤ ${most}`, met: calls.length <= most }),
    how,
  };
  if (most === undefined) return [line];
  const signatures = counts.get("kms Sign") ?? 0;
  const signed: Line = {
    name: `KMS signatures of one governed ${subject.action}, ${whole}`,
    ...{ value: `${signatures}`, goal: `${SIGNATURES}`, met: signatures === SIGNATURES, how },
  };
  return [line, signed];
}
