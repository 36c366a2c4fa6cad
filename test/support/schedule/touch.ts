/**
 * An item of something shared that a call reads or writes. Left out, `pk` or `sk` stands for every one there is: a query
 * of a partition, or of an index, whose content any item of its table may change.
 */
export interface Touch {
  readonly table: string;
  readonly pk?: string;
  readonly sk?: string;
  readonly isWrite: boolean;
}

/** What may have any effect on anything: the touch of a call of which nothing better is known. */
export const EVERYTHING: readonly Touch[] = [{ table: "*", isWrite: true }];

const overlap = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || one === other;

const meet = (one: Touch, other: Touch): boolean =>
  (one.isWrite || other.isWrite) &&
  (one.table === "*" || other.table === "*" || one.table === other.table) &&
  overlap(one.pk, other.pk) &&
  overlap(one.sk, other.sk);

/**
 * Whether the order of two calls may matter to anybody: they meet at an item that one of them writes. Everything else is
 * taken as independent: reads of one item, calls of different items, and calls that change nothing shared (KMS signs, STS
 * answers, a wait ends).
 */
export const areDependent = (one: readonly Touch[], other: readonly Touch[]): boolean =>
  one.some((each) => other.some((theirs) => meet(each, theirs)));
