import { ManagedPolicy } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { BREAK_GLASS } from "../lib/lifecycle/break-glass.ts";
import { accountWideName, type OwnTable } from "./plane.ts";
import { allow } from "./statements.ts";

/** Properties of {@link CallerPolicies}. */
export interface CallerPoliciesProps {
  /** Name of the plane. */
  readonly plane: string;
  /** The functions that agents may call. */
  readonly callable: readonly IFunction[];
  /** Those of people's commands. */
  readonly commands: readonly IFunction[];
  readonly evidence: OwnTable;
  readonly state: OwnTable;
  readonly registry: OwnTable;
  /** Of emergencies. */
  readonly breakGlass: Pick<IBucket, "bucketArn" | "arnForObjects">;
  /** Whose public halves an auditor reads. */
  readonly keys: readonly IKey[];
}

/**
 * Managed policies for people and programs outside the plane. They are attached to nobody here: a
 * cloud team attaches them to the roles under which its agents, operators and auditors run, and gives
 * those roles nothing else.
 */
export class CallerPolicies extends Construct {
  /**
   * All that an agent's role needs: calling the plane. What it may cause there is decided by its
   * contract.
   */
  readonly agent: ManagedPolicy;
  /**
   * All that an operator's role needs: sending signed commands, and seeing what is open, stopped and
   * refused. Whether a command has an effect, its signature decides.
   */
  readonly operator: ManagedPolicy;
  /** All that an auditor's role needs: reading evidence and the keys that verify it. */
  readonly auditor: ManagedPolicy;

  constructor(scope: Construct, id: string, props: CallerPoliciesProps) {
    super(scope, id);
    const { plane, callable, commands, evidence, state, registry, keys } = props;
    // Which uses of emergency policies wait for their review: objects and no rows, so that nobody sets one back.
    const reviews = [
      allow("FindReviews", ["s3:ListBucketVersions"], [props.breakGlass.bucketArn]),
      allow(
        "ReadReviews",
        ["s3:GetObjectVersion"],
        [props.breakGlass.arnForObjects(`${BREAK_GLASS}*/use`)],
      ),
    ];
    this.agent = new ManagedPolicy(this, "Agent", {
      managedPolicyName: accountWideName(this, plane, "agent"),
      description: `Calls the trust plane ${plane}, and nothing else`,
      statements: [
        // Both: a call through the Function URL needs InvokeFunction too.
        allow(
          "CallThePlane",
          ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"],
          callable.map(({ functionArn }) => functionArn),
        ),
      ],
    });
    this.operator = new ManagedPolicy(this, "Operator", {
      managedPolicyName: accountWideName(this, plane, "operator"),
      description: `Sends signed commands to the trust plane ${plane}, and sees what is open`,
      statements: [
        allow(
          "SendCommands",
          ["lambda:InvokeFunction"],
          commands.map(({ functionArn }) => functionArn),
        ),
        // What is open, by when there is work on it; refusals of a day, newest first. No scan.
        allow(
          "SeeWhatIsOpen",
          ["dynamodb:Query"],
          [`${state.tableArn}/index/byDue`, `${evidence.tableArn}/index/byNegativeDay`],
        ),
        // What is stopped, and whose record is owed: items by their keys, in batches.
        allow(
          "SeeWhatIsStopped",
          ["dynamodb:BatchGetItem"],
          [state.tableArn, registry.tableArn, evidence.tableArn],
        ),
        ...reviews,
      ],
    });
    this.auditor = new ManagedPolicy(this, "Auditor", {
      managedPolicyName: accountWideName(this, plane, "auditor"),
      description: `Reads the evidence of the trust plane ${plane}`,
      statements: [
        // By chain and number, as an answer names its record.
        allow("ReadEvidence", ["dynamodb:GetItem", "dynamodb:Query"], [evidence.tableArn]),
        // By contract, identity, actor, type, day. No scan: an export finds every chain by the
        // types of its records.
        allow("FindEvidence", ["dynamodb:Query"], [`${evidence.tableArn}/index/*`]),
        allow(
          "VerifyEvidence",
          ["kms:GetPublicKey"],
          keys.map(({ keyArn }) => keyArn),
        ),
        ...reviews,
      ],
    });
  }
}
