import { Fault } from "../../refusal.ts";
import { errorName } from "../ports/faults.ts";

/** What one read of a deployment gave: AWS's answer, that there is no such thing, or why it could not be read. */
export type Seen<T> =
  | { readonly status: "seen"; readonly value: T }
  | { readonly status: "absent" }
  | { readonly status: "unseen"; readonly why: string };

const ABSENT =
  /^(ResourceNotFoundException|NoSuchEntity(Exception)?|NotFoundException|PolicyNotFoundException|NoSuchBucketPolicy|NoSuchBucket)$/;
const DENIED = /^(AccessDenied(Exception)?|UnauthorizedException|UnauthorizedOperation)$/;
const UNANSWERED =
  /^(InvalidAction|UnknownOperationException|UnsupportedOperation(Exception)?|NotImplemented(Exception)?)$/;

/**
 * Reads once, with what the caller may read.
 * @param permission the IAM action that the read needs; named when it is missing.
 * @param isAbsent for a service that says in a way of its own that there is no such thing.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` when AWS cannot be reached or fails otherwise.
 */
export async function look<T>(
  permission: string,
  read: () => Promise<T | undefined>,
  isAbsent: (error: unknown) => boolean = () => false,
): Promise<Seen<T>> {
  try {
    const value = await read();
    return value === undefined ? { status: "absent" } : { status: "seen", value };
  } catch (error) {
    if (isAbsent(error)) return { status: "absent" };
    return judge(permission, error instanceof Fault ? (error.cause ?? error) : error);
  }
}

function judge(permission: string, error: unknown): Seen<never> {
  const name = errorName(error);
  if (ABSENT.test(name)) return { status: "absent" };
  if (DENIED.test(name))
    return {
      status: "unseen",
      why: `you lack the permission ${deniedAction(error) ?? permission}`,
    };
  if (UNANSWERED.test(name)) return { status: "unseen", why: `the endpoint has no ${permission}` };
  throw new Fault("DEPENDENCY_UNAVAILABLE", `${permission} failed: ${name}`, error);
}

/** AWS says which action it refused; where it does not, the caller of {@link look} does. */
const deniedAction = (error: unknown): string | undefined =>
  /perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(error instanceof Error ? error.message : "")?.[1];

/** The next read, if there is something to read it of. */
export const whenRead = async <T, U>(
  seen: Seen<T>,
  next: (value: T) => Promise<Seen<U>>,
): Promise<Seen<U>> => (seen.status === "seen" ? next(seen.value) : seen);
