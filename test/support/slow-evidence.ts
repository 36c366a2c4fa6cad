import type { EvidenceStore } from "../../lib/evidence/ports.ts";

/** The same store, of which `before` is told each chain that is about to be read, so that reading takes time. */
export const slowEvidence = (
  evidence: EvidenceStore,
  before: (chainId: string) => void,
): EvidenceStore =>
  new Proxy(evidence, {
    get: (own, name: keyof EvidenceStore) => {
      if (name !== "readChain") return own[name].bind(own);
      return (...given: Parameters<EvidenceStore["readChain"]>) => {
        before(given[0]);
        return own.readChain(...given);
      };
    },
  });
