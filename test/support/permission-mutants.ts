import { evaluatePolicies } from "../../lib/index.ts";
import type { Authorization } from "./trail-iam.ts";

/** A statement that allows, as the stack writes them. */
interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

/** A policy as the stack writes it: no `NotAction`, no `NotResource`. */
export interface Document {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

/** One action on one resource that one statement allows: the smallest thing that can be taken away. */
export interface Permission {
  readonly sid: string;
  readonly action: string;
  readonly resource: string;
  /** Position of its statement. */
  readonly index: number;
}

/** Whoever the stack gives permissions to, with all that limits them. */
export interface Holder {
  /** Name of the role, or of the policy that is attached to somebody. */
  readonly name: string;
  readonly document: Document;
  readonly boundary?: Document | undefined;
}

/** A recorded call of a holder, with what IAM had to decide. */
export interface Judged extends Authorization {
  readonly principalArn: string;
}

const listOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === "string" ? [value] : value;

/** Every permission of a policy. @throws {TypeError} when it is written otherwise than by lists of actions and resources. */
export const permissionsOf = ({ Statement }: Document): Permission[] =>
  Statement.flatMap((statement, index) => {
    const { Sid = `statement ${index}`, Effect, Action, Resource } = statement;
    if (Effect === "Deny") return [];
    if (Action === undefined || Resource === undefined) throw new TypeError(`${Sid} is not exact`);
    return listOf(Action).flatMap((action) =>
      listOf(Resource).map((resource) => ({ sid: Sid, action, resource, index })),
    );
  });

/** The policy without one permission, and with all others. */
export function without(document: Document, { index, action, resource }: Permission): Document {
  const Statement = document.Statement.flatMap((statement, position) => {
    if (position !== index) return [statement];
    const actions = listOf(statement.Action).filter((each) => each !== action);
    const resources = listOf(statement.Resource).filter((each) => each !== resource);
    return [
      ...(actions.length > 0 ? [{ ...statement, Action: actions }] : []),
      ...(resources.length > 0 ? [{ ...statement, Action: action, Resource: resources }] : []),
    ].map((each, part) => ({ ...each, Sid: `${statement.Sid ?? "Part"}${part}` }));
  });
  return { ...document, Statement };
}

/** Whether the holder's own policies allow a call; those of resources are left out, see the test. */
export const allows = ({ document, boundary }: Holder, call: Judged): boolean =>
  evaluatePolicies({ identity: [document], boundary }, call).decision === "Allow";

/** A holder that lacks one permission, in its own policy or in its boundary. */
export interface Mutant {
  readonly permission: Permission;
  readonly holder: Holder;
}

/** Every mutant of a holder. */
export const mutantsOf = (holder: Holder): Mutant[] => {
  const { document, boundary } = holder;
  const own = permissionsOf(document).map((permission) => ({
    permission,
    holder: { ...holder, document: without(document, permission) },
  }));
  if (boundary === undefined) return own;
  const bounded = permissionsOf(boundary).map((permission) => ({
    permission: { ...permission, sid: `boundary ${permission.sid}` },
    holder: { ...holder, boundary: without(boundary, permission) },
  }));
  return [...own, ...bounded];
};

/** Whether one of the calls is denied to the mutant. */
export const isNoticed = ({ holder }: Mutant, calls: readonly Judged[]): boolean =>
  calls.some((call) => !allows(holder, call));
