import { present } from "../encoding/present.ts";
import { intentChain, REGISTRY_CHAIN } from "../evidence/chain.ts";
import type { Manifest } from "./manifest.ts";
import type { EvidenceReport } from "./verify-evidence.ts";

/** Whose evidence an export is, and how much of it. */
export interface Coverage {
  /** As the trust policies name it that were believed; without any, as the manifest does. */
  readonly plane: string | undefined;
  /** Whether the manifest says that all chains were exported. It is not signed: the exporter's word. */
  readonly whole: boolean;
  /** Chains of intents whose last record holds. */
  readonly intents: number;
  /** The one intent that was asked for; only if there is one. */
  readonly intent?: string;
  /** When the export was made, in its own word. */
  readonly createdAt: string;
}

/** What a verifier may demand that an export be. */
export interface Demands {
  readonly plane?: string | undefined;
  readonly whole?: boolean | undefined;
  readonly intent?: string | undefined;
}

/** A demand that is not met; `what` is a predicate whose subject is the export. */
export interface Unmet {
  readonly demand: keyof Demands;
  readonly what: string;
}

export function coverageOf(manifest: Manifest, { plane, chains }: EvidenceReport): Coverage {
  const { intent, createdAt } = manifest;
  const intents = chains.filter(({ id }) => id.startsWith(intentChain("")));
  return {
    plane,
    whole: intent === undefined,
    intents: intents.length,
    ...present({ intent }),
    createdAt,
  };
}

/**
 * An export of another plane, or of one intent, holds as well as the right one: whoever hands it over must not pass it
 * off as what was asked for.
 */
export function unmetDemands(
  demands: Demands,
  { plane, whole, intent }: Coverage,
  { chains }: EvidenceReport,
): Unmet[] {
  const unmet: Unmet[] = [];
  if (demands.plane !== undefined && demands.plane !== plane) {
    unmet.push({ demand: "plane", what: `is of the plane ${plane ?? "unknown"}` });
  }
  const has = (id: string): boolean => chains.some((chain) => chain.id === id);
  if (demands.whole === true && !whole) {
    unmet.push({ demand: "whole", what: `holds only the intent ${intent}` });
  } else if (demands.whole === true && !has(REGISTRY_CHAIN)) {
    unmet.push({ demand: "whole", what: `has no chain ${REGISTRY_CHAIN}` });
  }
  if (demands.intent !== undefined && !has(intentChain(demands.intent))) {
    unmet.push({ demand: "intent", what: `has no evidence of the intent ${demands.intent}` });
  }
  return unmet;
}
