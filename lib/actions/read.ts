import type { Scalar } from "../contract/constraint.ts";
import type { ClientSettings } from "./client-settings.ts";

/** What an assumption names: one read of one resource with flat parameters (wire.md §9). */
export interface ReadRequest {
  readonly resource: string;
  readonly parameters: Readonly<Record<string, Scalar>>;
}

/** A parameter of a read that AWS would not take: which, and what would be right. */
export interface ReadProblem {
  readonly parameter: string;
  readonly detail: string;
}

/**
 * One read that assumptions may name, made by the reader role of its family and never by the issued
 * session. One file holds the reads of one family.
 */
export interface TargetRead {
  /** The name in a contract, exactly as the table of wire.md §9 writes it: `s3:HeadObject`. */
  readonly read: string;
  /** IAM service prefix of the reader role that makes it. */
  readonly family: string;
  /** The form of an ARN that can be read: exact, without wildcard. */
  readonly target: { readonly pattern: RegExp; readonly example: string };
  /** What the reader role needs on the target; `HeadObject` is `s3:GetObject` to IAM. */
  readonly iamActions: readonly string[];
  /** Needs that IAM cannot bound to a resource (`ec2:DescribeInstances`). */
  readonly iamActionsAnywhere?: readonly string[];
  /** The first parameter that is missing, foreign or of another form. */
  problemOf(request: ReadRequest): ReadProblem | undefined;
  /**
   * The AWS answer as JSON: dates as RFC 3339, no `$metadata`, no stream. Strongly consistent where
   * the service can. @throws {Fault} `DEPENDENCY_UNAVAILABLE` when it cannot be read or does not
   * hold exactly what was asked for: unknown is never fine (VAI-88).
   */
  fetch(request: ReadRequest, settings: ClientSettings): Promise<unknown>;
}
