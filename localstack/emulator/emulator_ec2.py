"""Dry runs: EC2 says whether a call would be allowed, and does not make it (EC2 API, "Common parameters": DryRun).

MiniStack makes it. A call comes here only when it is allowed, so the one answer that is missing is that it would be.
"""
from urllib.parse import parse_qs

from ministack.services import ec2

_handle_request = ec2.handle_request


async def handle_request(method, path, headers, body, query_params):
    raw = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    asked = {**query_params, **parse_qs(raw)}.get("DryRun", "")
    if "".join(asked).lower() == "true":
        return ec2._error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    return await _handle_request(method, path, headers, body, query_params)


ec2.handle_request = handle_request
