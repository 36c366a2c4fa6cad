"""What the front door and the emulator tell each other about one request, in headers that no client sends or sees.

To the front door: whom the emulator authenticated, and which actions on which resources it checked. To the emulator: by
how many seconds AWS's clock is off for this request. The front door drops both headers from what comes and goes.
"""
import base64
import contextvars
import datetime
import json
import time
from email.utils import formatdate

from ministack.core import iam_evaluator, sigv4
from ministack.services import iam, sts

CALLER_HEADER = b"x-vai-caller"
CLOCK_HEADER = b"x-vai-clock"
_MOST_CHECKS = 24  # of different (action, resource) pairs: headers have a limit

_seen = contextvars.ContextVar("seen", default=None)  # what was learned about the request
_skew = contextvars.ContextVar("skew", default=0)  # seconds by which AWS's clock is ahead


def _described(credential):
    """The caller in plain words; no secret and no token of it."""
    session = sts._sessions.get(credential.access_key_id) or {}
    told = {"type": credential.principal_type, "arn": credential.principal_arn, "principalId": credential.principal_id,
            "account": credential.account_id, "accessKeyId": credential.access_key_id,
            "userName": credential.principal_name, "sourceIdentity": session.get("SourceIdentity"),
            "issuedAt": session.get("IssuedAt"), "tags": session.get("SessionTags"),
            "functionArn": session.get("SourceFunctionArn")}
    if credential.principal_type == "AssumedRole":
        name = credential.principal_arn.split(":assumed-role/")[1].split("/")[0]
        role = iam._roles.get_scoped(credential.account_id, None, name) or {}
        told["role"] = {"arn": role.get("Arn"), "principalId": role.get("RoleId"), "userName": name}
    return {name: value for name, value in told.items() if value}


def _learn_caller(authenticate):
    def learning(*args, **kwargs):
        result = authenticate(*args, **kwargs)
        seen = _seen.get()
        if seen is not None and isinstance(result, iam_evaluator.ResolvedCredential):
            seen["caller"] = _described(result)
        return result
    return learning


def _learn_checks(enforce):
    def learning(access_key, action, service, region, resource_arn="*", **rest):
        seen = _seen.get()
        if seen is not None and len(seen["checks"]) < _MOST_CHECKS:
            seen["checks"][f"{action} {resource_arn}"] = [action, resource_arn]
        return enforce(access_key, action, service, region, resource_arn=resource_arn, **rest)
    return learning


class _Clock:
    """The module `time` as AWS's clock has it."""

    def __getattr__(self, name):
        return getattr(time, name)

    @staticmethod
    def time():
        return time.time() + _skew.get()


def _now():
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=_skew.get())


def _skewed_resolve(resolve):
    def skewed(key, ctx):
        name = key.lower()
        if name == "aws:currenttime":
            return _now().isoformat()
        return str(int(_now().timestamp())) if name == "aws:epochtime" else resolve(key, ctx)
    return skewed


def _skewed_signature_time(judge):
    return lambda signature, *, now=None: judge(signature, now=now or _now())


def _telling(app):
    async def telling(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)
        seen = {"caller": None, "checks": {}}
        _seen.set(seen)
        skew = next((int(value) for name, value in scope["headers"] if name.lower() == CLOCK_HEADER), 0)
        _skew.set(skew)

        async def tell(message):
            if message["type"] == "http.response.start":
                told = json.dumps({"caller": seen["caller"], "checks": list(seen["checks"].values())})
                headers = [*message.get("headers", []), (CALLER_HEADER, base64.b64encode(told.encode()))]
                if skew:
                    headers = [(n, v) for n, v in headers if n.lower() != b"date"]
                    headers.append((b"date", formatdate(time.time() + skew, usegmt=True).encode()))
                message = {**message, "headers": headers}
            await send(message)

        return await app(scope, receive, tell)
    return telling


def install(ministack_app):
    """Called once, after every other change of the emulator's authorization."""
    iam_evaluator.authenticate = _learn_caller(iam_evaluator.authenticate)
    iam_evaluator.enforce = _learn_checks(iam_evaluator.enforce)
    iam_evaluator._resolve_condition_key = _skewed_resolve(iam_evaluator._resolve_condition_key)
    sigv4.request_time_failure = _skewed_signature_time(sigv4.request_time_failure)
    iam_evaluator.time = sts.time = _Clock()
    ministack_app.app = _telling(ministack_app.app)
