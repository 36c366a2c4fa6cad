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
} as const;

/** Version of this software, as evidence records name it. */
export const VERSION = "0.1.0";

/** Seconds: the functions' timeout, hence the longest time that authority held by the trust plane can outlive a denial. */
export const FUNCTION_TIMEOUT_SECONDS = 30;

/** `vai:<account>:<region>:<name>`; one id names one set of tables (PROTOCOL.md). */
export interface PlaneId {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const PLANE = /^vai:(\d{12}):([a-z]{2}(?:-[a-z]+)+-\d):([a-z][a-z0-9-]{0,19})$/;

/** Reads a plane id; `undefined` when it is not one. */
export function parsePlaneId(id: string): PlaneId | undefined {
  const match = PLANE.exec(id);
  if (match === null) return undefined;
  const [, account = "", region = "", name = ""] = match;
  return { id, account, region, name };
}

/** Physical names of the plane's own resources begin so; no contract may name one of them (PROTOCOL.md §2). */
export const ownResourcePrefix = (plane: PlaneId): string => `vai-${plane.name}-`;
