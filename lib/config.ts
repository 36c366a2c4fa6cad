/** Names of the functions' environment variables; the stack and the functions share them, so neither can drift. */
export const ENV = {
  plane: "VAI_PLANE",
  evidenceTable: "VAI_EVIDENCE_TABLE",
  stateTable: "VAI_STATE_TABLE",
  registryTable: "VAI_REGISTRY_TABLE",
  evidenceKeyId: "VAI_EVIDENCE_KEY_ID",
  planeKeyId: "VAI_PLANE_KEY_ID",
  anchors: "VAI_ANCHORS",
  targets: "VAI_TARGETS",
  sweepFunction: "VAI_SWEEP_FUNCTION",
  targetKeys: "VAI_TARGET_KEYS",
  scopedCredentials: "VAI_SCOPED_CREDENTIALS",
  breakGlassBucket: "VAI_BREAK_GLASS_BUCKET",
} as const;

/** Version of this software, as evidence records name it. */
export const VERSION = "0.1.0";

/** Seconds: the functions' timeout, hence the longest time that authority held by the trust plane can outlive a denial. */
export const FUNCTION_TIMEOUT_SECONDS = 30;
/** The same in milliseconds: so long an invocation can last, and act on what it read first. */
export const INVOCATION_MILLISECONDS = FUNCTION_TIMEOUT_SECONDS * 1000;

/** `vai:<account>:<region>:<name>`; one id names one set of tables (PROTOCOL.md). */
export interface PlaneId {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const PLANE = /^vai:(\d{12}):([^:]+):([a-z][a-z0-9-]{0,19})$/;

/** Parts of lower-case letters and digits with a hyphen between. */
const REGION = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Characters of a label of a host name (RFC 1035 §2.3.4). */
const LONGEST_REGION = 63;

/**
 * Whether a region can have this name: every endpoint holds it, as a label of its host name. Not what the names of today
 * look like: `eusc-de-east-1` was none by that.
 */
export const isRegion = (text: string): boolean =>
  text.length <= LONGEST_REGION && REGION.test(text);

/** Reads a plane id; `undefined` when it is not one. */
export function parsePlaneId(id: string): PlaneId | undefined {
  const match = PLANE.exec(id);
  if (match === null) return undefined;
  const [, account = "", region = "", name = ""] = match;
  if (!isRegion(region)) return undefined;
  return { id, account, region, name };
}

/** Physical names of the plane's own resources begin so; no contract may name one of them (PROTOCOL.md §2). */
export const ownResourcePrefix = (plane: PlaneId): string => `vai-${plane.name}-`;
