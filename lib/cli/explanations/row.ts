import type { StageName } from "../../refusal.ts";

/** What a code means, the stages that give it (lambdas/PROTOCOL.md §4), and what to do next. */
type Row = readonly [means: string, stages: readonly StageName[], next: string];
export type Rows = Readonly<Record<string, Row>>;
