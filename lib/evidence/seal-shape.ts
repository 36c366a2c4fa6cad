import { chainId, digest, exactly, instant, label } from "./forms.ts";
import { SEAL_TYPE, type SealStatement, STATEMENT_TYPE } from "./seal.ts";
import { closed, listOf, text, whole } from "./shape.ts";

/** Records of one transaction: DynamoDB writes at most so many items in one. */
export const MOST_RECORDS = 100;

const subject = closed({
  required: {
    digest: closed({
      required: { sha256: text(/^[0-9a-f]{64}$/, "is not 64 lower-case hex digits") },
    }),
    name: label(),
  },
});

const statement = closed({
  required: {
    _type: exactly(STATEMENT_TYPE),
    predicate: closed({
      required: {
        at: instant(),
        chain: closed({
          required: { first: whole(1), id: chainId(), last: whole(1), prev: digest() },
        }),
        plane: label(),
      },
    }),
    predicateType: exactly(SEAL_TYPE),
    subject: listOf(subject),
  },
});

/**
 * What keeps a parsed payload from being the Statement of a seal (PROTOCOL.md §5): members, forms, and that its subjects
 * are exactly the records `first` to `last` of its chain, in order. A subject more or less would let one signature
 * speak for a record that its own range does not name.
 */
export function sealProblem(value: unknown): string | undefined {
  const problem = statement(value);
  if (problem !== undefined) return problem;
  const { subject: subjects, predicate } = value as SealStatement;
  const { id, first, last } = predicate.chain;
  const count = last - first + 1;
  if (count < 1 || count > MOST_RECORDS) {
    return `/predicate/chain/last is not 0 to ${MOST_RECORDS - 1} behind first`;
  }
  if (subjects.length !== count) return `/subject does not have exactly ${count} elements`;
  const wrong = subjects.findIndex(({ name }, index) => name !== `${id}#${first + index}`);
  return wrong < 0 ? undefined : `/subject/${wrong}/name is not ${id}#${first + wrong}`;
}
