/**
 * Names that Parameter Store takes (API reference, PutParameter): up to fifteen levels, not beginning
 * with `aws` or `ssm` in any letter case, which are AWS's own.
 */
const LEVEL = "[A-Za-z0-9_.-]+";
const NAME = `(?![aA][wW][sS]|[sS][sS][mM])${LEVEL}(?:/${LEVEL})`;
const HEAD = "arn:aws[a-z-]*:ssm:[a-z0-9-]+:\\d{12}:parameter/";
/** Characters, the ARN's head among them. */
const LENGTH = "(?=.{1,1011}$)";

/** One parameter: `arn:aws:ssm:<region>:<account>:parameter/<name without leading slash>`. */
export const PARAMETER = {
  pattern: new RegExp(`^${LENGTH}${HEAD}${NAME}{0,14}$`),
  example: "arn:aws:ssm:us-east-1:111122223333:parameter/checkout/limit",
};

/** One parameter, or all below a path. */
export const PARAMETER_CEILING = {
  pattern: new RegExp(`^${LENGTH}${HEAD}${NAME}{0,14}(?:/\\*)?$`),
  example: "arn:aws:ssm:us-east-1:111122223333:parameter/checkout/*",
};

/**
 * The names that a parameter with this ARN can have. The ARN leaves out a leading slash, so
 * `parameter/limit` is the ARN of `limit` and of `/limit`, of which a region has at most one (Systems
 * Manager guide, "Requirements and constraints for parameter names"); a name of several levels always
 * begins with a slash.
 */
export function namesOf(arn: string): readonly string[] {
  const name = arn.slice(arn.indexOf(":parameter/") + ":parameter/".length);
  return name.includes("/") ? [`/${name}`] : [name, `/${name}`];
}
