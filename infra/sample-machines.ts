import {
  CfnCondition,
  CfnDynamicReference,
  CfnDynamicReferenceService,
  CfnParameter,
  Fn,
} from "aws-cdk-lib";
import { CfnInstance, CfnSecurityGroup, CfnSubnet, CfnVPC } from "aws-cdk-lib/aws-ec2";
import { CfnCluster, CfnService, CfnTaskDefinition } from "aws-cdk-lib/aws-ecs";
import { Construct } from "constructs";

/** The smallest network: 16 addresses, no way in or out, nothing that costs. */
const CIDR = "10.0.0.0/28";

/** An address that no packet leaves to: a group without egress rules would allow all of it. */
const NOWHERE = "255.255.255.255/32";

const IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-arm64";

/**
 * Two instances that can be stopped, started and terminated, and a service whose tasks can be
 * counted up and down. Nothing in them does anything, and nothing reaches them: the network has no
 * gateway. The service begins with no task; one that is counted up cannot load its image and ends.
 */
export class SampleMachines extends Construct {
  /** Instance ids, joined by commas. */
  readonly instances: string;
  /** Whether CloudFormation makes the instances. */
  readonly withInstances: CfnCondition;
  readonly cluster: string;
  readonly service: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = new CfnVPC(this, "Network", { cidrBlock: CIDR });
    const subnetId = new CfnSubnet(this, "Subnet", { vpcId: vpc.ref, cidrBlock: CIDR }).ref;
    const group = new CfnSecurityGroup(this, "NoTraffic", {
      groupDescription: "Lets nothing in and nothing out",
      vpcId: vpc.ref,
      securityGroupEgress: [
        { ipProtocol: "icmp", fromPort: 252, toPort: 86, cidrIp: NOWHERE, description: "Nothing" },
      ],
    });
    const network = { subnetId, groupId: group.attrGroupId };
    this.withInstances = this.condition();
    this.instances = this.addInstances(network);
    this.cluster = "sample-cluster";
    this.service = "sample-worker";
    this.addService(network);
  }

  /** A local AWS whose CloudFormation knows no instances makes them by other means. */
  private condition(): CfnCondition {
    const made = new CfnParameter(this, "Instances", {
      default: "here",
      allowedValues: ["here", "elsewhere"],
      description: "here: this stack makes the two sample instances; elsewhere: it does not",
    });
    made.overrideLogicalId("Instances");
    return new CfnCondition(this, "WithInstances", {
      expression: Fn.conditionEquals(made.valueAsString, "here"),
    });
  }

  private addInstances({ subnetId, groupId }: SampleNetwork): string {
    const imageId = new CfnDynamicReference(CfnDynamicReferenceService.SSM, IMAGE).toString();
    const ids = ["sample-1", "sample-2"].map((name, index) => {
      const instance = new CfnInstance(this, `Instance${index + 1}`, {
        imageId,
        instanceType: "t4g.nano",
        subnetId,
        securityGroupIds: [groupId],
        metadataOptions: { httpTokens: "required", httpEndpoint: "disabled" },
        blockDeviceMappings: [
          { deviceName: "/dev/xvda", ebs: { encrypted: true, volumeType: "gp3", volumeSize: 4 } },
        ],
        tags: [{ key: "Name", value: name }],
      });
      instance.cfnOptions.condition = this.withInstances;
      return instance.ref;
    });
    return Fn.join(",", ids);
  }

  private addService({ subnetId, groupId }: SampleNetwork): void {
    const cluster = new CfnCluster(this, "Cluster", { clusterName: this.cluster });
    const task = new CfnTaskDefinition(this, "Task", {
      family: this.service,
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
      containerDefinitions: [
        {
          name: "worker",
          image: "public.ecr.aws/docker/library/busybox:1.37",
          command: ["sleep", "3600"],
          readonlyRootFilesystem: true,
        },
      ],
    });
    new CfnService(this, "Service", {
      serviceName: this.service,
      cluster: cluster.ref,
      taskDefinition: task.ref,
      launchType: "FARGATE",
      desiredCount: 0,
      // Tasks that cannot start are given up, not tried for ever.
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } },
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [subnetId],
          securityGroups: [groupId],
          assignPublicIp: "DISABLED",
        },
      },
    });
  }
}

interface SampleNetwork {
  readonly subnetId: string;
  readonly groupId: string;
}
