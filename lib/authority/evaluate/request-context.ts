import { parseArn } from "./arn.ts";

/** What is to be decided: one action on one resource by one principal (wire.md §12). */
export interface AccessRequest {
  /** IAM action, `service:Action`. */
  readonly action: string;
  /** ARN of the resource, or `*` for an action without one. */
  readonly resource: string;
  /** ARN of the principal: a session (`assumed-role/<role>/<session>`), a user, a role. */
  readonly principalArn: string;
  /** Condition keys as IAM spells them. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Values by condition key. Key names are compared without letter case, as IAM does; values are not.
 */
export type ContextValues = Pick<ReadonlyMap<string, readonly string[]>, "get" | "has">;

/** A request in the form that statements are matched against. */
export interface PreparedRequest {
  readonly action: string;
  readonly resource: string;
  /** Account in the resource's ARN; empty where the ARN has none. */
  readonly resourceAccount: string;
  readonly principal: PrincipalForms;
  readonly values: ContextValues;
}

/**
 * A prepared request with another action, another resource or another value of one key (none:
 * absent).
 */
export interface Change {
  readonly action?: string;
  readonly resource?: string;
  readonly key?: string;
  readonly values?: readonly string[];
}

/** The ARNs by which policies can name one principal. */
export interface PrincipalForms {
  readonly own: string;
  /**
   * The role of an assumed-role session, or the role that the principal is; a role's path is not in
   * a session ARN, so such roles do not match.
   */
  readonly role: string | undefined;
  /** Friendly name of an IAM user. */
  readonly userName: string | undefined;
  readonly isFederatedUser: boolean;
  readonly account: string;
  /** The account as policies name it: root ARN and bare id. */
  readonly accountNames: readonly string[];
}

export function prepareRequest(request: AccessRequest): PreparedRequest {
  const principal = principalForms(request.principalArn);
  return {
    action: request.action.toLowerCase(),
    resource: request.resource,
    resourceAccount: parseArn(request.resource)?.account ?? "",
    principal,
    values: contextValues(request.context, principal),
  };
}

export function changed(
  request: PreparedRequest,
  { action, resource, key, values = [] }: Change,
): PreparedRequest {
  if (action !== undefined) return { ...request, action: action.toLowerCase() };
  if (resource !== undefined) {
    return { ...request, resource, resourceAccount: parseArn(resource)?.account ?? "" };
  }
  return { ...request, values: overlaid(request.values, (key ?? "").toLowerCase(), values) };
}

/** One key changed without copying the others; no values: absent. */
const overlaid = (
  base: ContextValues,
  changedKey: string,
  values: readonly string[],
): ContextValues => ({
  get: (key) => (key !== changedKey ? base.get(key) : values.length > 0 ? values : undefined),
  has: (key) => (key !== changedKey ? base.has(key) : values.length > 0),
});

/**
 * An empty list counts as an absent key, as AWS treats it. `aws:PrincipalArn` and
 * `aws:PrincipalAccount` are always there, `aws:username` for an IAM user.
 */
function contextValues(
  context: AccessRequest["context"],
  principal: PrincipalForms,
): ContextValues {
  const values = new Map<string, readonly string[]>([
    ["aws:principalarn", [principal.role ?? principal.own]],
    ["aws:principalaccount", [principal.account]],
  ]);
  if (principal.userName !== undefined) values.set("aws:username", [principal.userName]);
  for (const key of Object.keys(context)) {
    const value = context[key];
    const list = Array.isArray(value) ? (value as readonly string[]) : [String(value)];
    if (list.length > 0) values.set(key.toLowerCase(), list);
    else values.delete(key.toLowerCase());
  }
  return values;
}

const forms = new Map<string, PrincipalForms>();

/** Principals repeat from request to request; the few last seen are kept. */
function principalForms(arn: string): PrincipalForms {
  const known = forms.get(arn);
  if (known !== undefined) return known;
  if (forms.size >= 64) forms.clear();
  const found = buildForms(arn);
  forms.set(arn, found);
  return found;
}

function buildForms(own: string): PrincipalForms {
  const arn = parseArn(own);
  const [kind, name] = arn?.resource.split("/") ?? [];
  const partition = arn?.partition ?? "aws";
  const account = arn?.account ?? "";
  const sessionRole =
    kind === "assumed-role" && name !== undefined
      ? `arn:${partition}:iam::${account}:role/${name}`
      : undefined;
  return {
    own,
    role: kind === "role" ? own : sessionRole,
    userName: kind === "user" ? own.slice(own.lastIndexOf("/") + 1) : undefined,
    isFederatedUser: kind === "federated-user",
    account,
    accountNames: [`arn:${partition}:iam::${account}:root`, account],
  };
}
