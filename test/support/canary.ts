/** A value that governed actions write: it must be in no record, no State, no log and no answer (USR-16). */
export const CANARY = "canary-sensitive-value-0451";
