"""Which operation a request is, and which instances and services it names: as the service itself will read it.

MiniStack authorizes the `Action` of the query string whatever the service is, while the service runs what its protocol
says: the body, the target header, or method and path. `DELETE /2015-03-31/functions/f?Action=InvokeFunction` would be
authorized as an Invoke. Of several instances it looks at the first, of an ECS service at the cluster.
"""
from urllib.parse import parse_qs

from ministack.core import iam_actions

_BY_ACTION = {name for name, protocol in iam_actions._SERVICE_PROTOCOL.items()
              if protocol in ("query-xml", "ec2-xml")} | {"sqs"}
_extract_iam_action = iam_actions.extract_iam_action


def as_read(service, headers, body, params):
    """The parameters as the service reads them: the body's over the query string's; `Action` only where it counts."""
    content_type = headers.get("content-type", "")
    if service not in _BY_ACTION or "amz-json" in content_type or "cbor" in content_type:
        return {name: value for name, value in params.items() if name != "Action"}
    return {**params, **parse_qs(body.decode("utf-8", "replace"))}


def extract_iam_action(service, method, path, headers, body, params):
    read = as_read(service, headers, body, params)
    if "Action" not in read:
        headers = {**headers, "content-type": ""}  # else an `Action` of the body would still count
    return _extract_iam_action(service, method, path, headers, body, read)


iam_actions.extract_iam_action = extract_iam_action


def instance_arns(params, region, account):
    """One ARN per instance; none for what IAM does not bound to instances (Service Authorization Reference, EC2)."""
    action = "".join(params.get("Action", ""))
    if action.startswith("Describe") and action != "DescribeInstanceAttribute":
        return []
    named = [value for name, value in params.items() if name == "InstanceId" or name.startswith("InstanceId.")]
    ids = [each for value in named for each in (value if isinstance(value, list) else [value])]
    return [f"arn:aws:ec2:{region}:{account}:instance/{each}" for each in ids]


def service_arns(parameters, region, account):
    """One ARN per service that an ECS request names, by whichever member."""
    listed, one = parameters.get("services"), parameters.get("service")
    names = [str(each) for each in [*(listed if isinstance(listed, list) else []), one] if each]
    cluster = str(parameters.get("cluster") or "default").rsplit("/", 1)[-1]
    return [name if name.startswith("arn:") else f"arn:aws:ecs:{region}:{account}:service/{cluster}/{name}"
            for name in names]
