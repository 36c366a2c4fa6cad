import { parseArn } from "./arn.ts";

/** What is to be decided: one action on one resource by one principal (PROTOCOL.md §12). */
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
export interface ContextValues extends Pick<ReadonlyMap<string, readonly string[]>, "get" | "has"> {
  /**
   * `aws:PrincipalArn` as it would be without a path, where nobody said which path the session's
   * role has: it is that, or the same with any path.
   */
  readonly unknownPath?: string;
}

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
  /** The role of an assumed-role session, or the role that the principal is. */
  readonly role: string | undefined;
  /** Whether `role` may have a path that is not known: a session's ARN holds none. */
  readonly isPathUnknown: boolean;
  /** Friendly name of an IAM user. */
  readonly userName: string | undefined;
  readonly isFederatedUser: boolean;
  readonly account: string;
  /** The account as policies name it: root ARN and bare id. */
  readonly accountNames: readonly string[];
}

export function prepareRequest(request: AccessRequest): PreparedRequest {
  const principal = principalOf(request);
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

const PRINCIPAL_ARN = "aws:principalarn";

/** The principal; the path of a session's role is known only if the context says the role's ARN. */
function principalOf({ principalArn, context }: AccessRequest): PrincipalForms {
  const forms = principalForms(principalArn);
  if (!forms.isPathUnknown) return forms;
  const key = Object.keys(context).find((each) => each.toLowerCase() === PRINCIPAL_ARN);
  const said = key === undefined ? undefined : [context[key]].flat()[0];
  const isItsRole = said !== undefined && forms.role !== undefined && isSameRole(said, forms.role);
  return isItsRole ? { ...forms, role: said, isPathUnknown: false } : forms;
}

/** Whether an ARN names a role, with any path, by the name of `role`, which has none. */
export function isSameRole(arn: string, role: string): boolean {
  const [start, name] = [
    role.slice(0, role.lastIndexOf("/") + 1),
    role.slice(role.lastIndexOf("/")),
  ];
  return arn === role || (arn.startsWith(start) && arn.endsWith(name));
}

/** One key changed without copying the others; no values: absent. */
const overlaid = (
  base: ContextValues,
  changedKey: string,
  values: readonly string[],
): ContextValues => ({
  get: (key) => (key !== changedKey ? base.get(key) : values.length > 0 ? values : undefined),
  has: (key) => (key !== changedKey ? base.has(key) : values.length > 0),
  ...(changedKey !== PRINCIPAL_ARN &&
    base.unknownPath !== undefined && { unknownPath: base.unknownPath }),
});

/**
 * An empty list counts as an absent key, as AWS treats it. `aws:PrincipalArn` and
 * `aws:PrincipalAccount` are always there, `aws:username` for an IAM user.
 */
function contextValues(
  context: AccessRequest["context"],
  principal: PrincipalForms,
): ContextValues {
  const values: Map<string, readonly string[]> & { unknownPath?: string } = new Map([
    [PRINCIPAL_ARN, [principal.role ?? principal.own]],
    ["aws:principalaccount", [principal.account]],
  ]);
  if (principal.userName !== undefined) values.set("aws:username", [principal.userName]);
  let isPathSaid = !principal.isPathUnknown;
  for (const key of Object.keys(context)) {
    isPathSaid ||= key.toLowerCase() === PRINCIPAL_ARN;
    const value = context[key];
    const list = Array.isArray(value) ? (value as readonly string[]) : [String(value)];
    if (list.length > 0) values.set(key.toLowerCase(), list);
    else values.delete(key.toLowerCase());
  }
  if (!isPathSaid && principal.role !== undefined) values.unknownPath = principal.role;
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
    isPathUnknown: sessionRole !== undefined,
    userName: kind === "user" ? own.slice(own.lastIndexOf("/") + 1) : undefined,
    isFederatedUser: kind === "federated-user",
    account,
    accountNames: [`arn:${partition}:iam::${account}:root`, account],
  };
}
