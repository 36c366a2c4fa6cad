import type { Scalar } from "../../contract/constraint.ts";
import { canonicalize } from "../../encoding/canonical-json.ts";
import { FORBIDDEN_KEYS } from "../../encoding/strict-json.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import type { Operation } from "../descriptor.ts";

/** Bytes of a payload in its JCS form. */
const MAX_PAYLOAD = 65_536;

/** The member by which a function knows one request from another: never absent, or a retry would be a second effect. */
const TOKEN = "payload/clientToken";
const TOKEN_FORM = /^[A-Za-z0-9._:-]{1,128}$/;

/** The member of the payload that a parameter `payload/<member>` gives (PROTOCOL.md §9). */
export function memberOf(parameter: string): string | undefined {
  const [, member] = /^payload\/([A-Za-z][A-Za-z0-9_]{0,63})$/.exec(parameter) ?? [];
  return member === undefined || FORBIDDEN_KEYS.has(member) ? undefined : member;
}

/** Exactly the text that is sent: JCS of the members, so that one operation has one payload. */
export const payloadOf = ({ parameters }: Pick<Operation, "parameters">): string =>
  canonicalize(
    Object.fromEntries(
      Object.entries(parameters).flatMap(([name, value]): [string, Scalar][] => {
        const member = memberOf(name);
        return member === undefined ? [] : [[member, value]];
      }),
    ),
  );

/** `PARAMETER_OUT_OF_BOUNDS` at the first parameter that no invocation of this form can have. */
export function judgePayload(operation: Operation): Refusal | undefined {
  const { parameters } = operation;
  const token = Object.hasOwn(parameters, TOKEN) ? parameters[TOKEN] : undefined;
  if (typeof token !== "string" || !TOKEN_FORM.test(token)) {
    const detail = "must be there: a string of 1 to 128 of A-Z a-z 0-9 . _ : -";
    return outOfBounds(TOKEN, detail);
  }
  const isIllFormed = (value: unknown): boolean =>
    typeof value === "string" && !value.isWellFormed();
  // A lone surrogate has no UTF-8: what the function reads would not be what was judged.
  const [illFormed] = Object.entries(parameters).find(([, value]) => isIllFormed(value)) ?? [];
  if (illFormed !== undefined) return outOfBounds(illFormed, "is not well-formed Unicode text");
  const bytes = Buffer.byteLength(payloadOf(operation));
  return bytes > MAX_PAYLOAD
    ? refuse(
        "PARAMETER_OUT_OF_BOUNDS",
        `the payload has ${bytes} bytes in its JCS form; at most ${MAX_PAYLOAD} are sent`,
        "/request/operation/parameters",
      )
    : undefined;
}

const outOfBounds = (parameter: string, problem: string): Refusal =>
  refuse(
    "PARAMETER_OUT_OF_BOUNDS",
    `${parameter} ${problem}`,
    pointer("/request/operation/parameters", [parameter]),
  );
