/** What CloudTrail writes in the place of a value that it does not show. */
export const HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS";

/** `TableName` → `tableName`. */
export const lowerFirst = (name: string): string =>
  /^[A-Z]/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name;
