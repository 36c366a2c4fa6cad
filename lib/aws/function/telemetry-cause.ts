import type { RefusalCode } from "../../refusal.ts";

const API = "[a-z0-9]+:[A-Z][A-Za-z0-9]{1,60}";
const INSTANT = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;

/**
 * The only details that are logged: sentences of our own making in which nothing is quoted but the name of an AWS API, of its
 * error, of a key, or an instant. What follows them is cut off, and any other detail is left out (USR-16).
 */
const CAUSES: readonly RegExp[] = [
  new RegExp(`^${API} failed: [A-Za-z0-9._]{1,80}`),
  new RegExp(`^${API} (?:gave|left|answered|did not answer)[a-z ]{1,60}`),
  /^(?:assuming the reader role|loading the client of [a-z0-9]{1,20}) failed: [A-Za-z0-9._]{1,80}/,
  new RegExp(
    `^the (?:evidence|plane) key [\\w-]{43} is (?:not in the trust policy|revoked|not in force before ${INSTANT}|in force only until ${INSTANT})`,
  ),
  /^the chain stayed contended until the function's end/,
];

/** Why the Registry is not believed: our words on the plane's own documents, which no request reaches. */
const REGISTRY = new RegExp(
  `^(?:this plane has no trust policy|the trust policy ended at ${INSTANT}|the (?:Registry|stored|last record)[A-Za-z' ]{1,120})`,
);
const OF_THE_REGISTRY: RefusalCode = "REGISTRY_STALE";

/** What a log line may say of why a dependency failed. */
export function causeOf(code: string | undefined, detail = ""): string | undefined {
  const known = code === OF_THE_REGISTRY ? [...CAUSES, REGISTRY] : CAUSES;
  return known
    .map((each) => each.exec(detail)?.[0])
    .find((found) => found !== undefined)
    ?.trimEnd();
}
