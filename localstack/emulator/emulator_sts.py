"""STS GetScopedCredentials, which MiniStack does not know (AWS STS API reference, GetScopedCredentials; IAM user guide,
"Permissions for GetScopedCredentials").

IAM judges the call like any other before it comes here: it needs an Allow, and bows to a Deny. What the request itself
has wrong the front door has refused. What is answered is the caller's session again, cut: its ARN, tags, source identity
and time of issue stay, its end comes no later, and the policy joins those of earlier cuts. MiniStack takes the policies
of one session together; each cut is kept apart, so that a call needs the Allow of every one. AWS names no number of cuts:
there the size of the session token is the limit, which tokens here have not.
"""
import contextvars
import time
from xml.sax.saxutils import escape

from ministack.core import iam_evaluator
from ministack.core.responses import new_uuid
from ministack.services import sts

parameters = None  # set by emulator.py: (service, body, query) -> the fields as the handler reads them
_handle_request = sts.handle_request


async def handle_request(method, path, headers, body, query_params):
    target = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    fields = parameters("sts", body or b"", {k: v for k, v in query_params.items()})
    if "GetScopedCredentials" in (target, fields.get("Action")):
        return _scoped_credentials(headers, query_params, fields)
    _end.set(None)
    return await _handle_request(method, path, headers, body, query_params)


def _scoped_credentials(headers, query_params, fields):
    caller = sts._caller_identity(headers, query_params)
    if isinstance(caller, iam_evaluator.CredentialResolutionError):
        return sts._credential_error_response(caller)
    session = sts._sessions.get(caller["accessKey"])
    if session is None or not caller["isTemporary"]:
        return _refused("AccessDenied", "Cannot call GetScopedCredentials with long-term credentials", 403)
    if "MinimumSessionTokenSize" in fields:
        return _refused("NotImplemented", "the local AWS does not make session tokens longer", 501)
    policy, duration = fields.get("Policy"), fields.get("DurationSeconds")
    malformed = policy is not None and iam_evaluator.validate_policy_document(policy)
    if malformed:
        return _refused("MalformedPolicyDocument", malformed)
    now = sts.time.time()  # AWS's clock, which a fault may set
    end = session.get("Expiration", now + 3_600)
    if duration is not None and int(duration) > end - now:
        return _refused("InsufficientSessionLifetime", "DurationSeconds is greater than the remaining lifetime of the session")
    return _answer(caller["accessKey"], {
        **session,
        "ScopedPolicies": [*session.get("ScopedPolicies", []), *([] if policy is None else [policy])],
        "Expiration": end if duration is None else int(now + int(duration)),
    })


def _refused(code, message, status=400):
    return sts._error(status, code, escape(message), ns="sts")


def _answer(source_key, session):
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    sts._sessions[key] = {**session, "SecretAccessKey": secret, "SessionToken": token, "SourceAccessKeyId": source_key}
    expiration = _told(session["Expiration"])
    source = session.get("SourceIdentity")
    return sts._xml(
        200, "GetScopedCredentialsResponse",
        "<GetScopedCredentialsResult><Credentials>"
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
        f"<SessionInfo><ScopedSessionId>{escape(session['UserId'])}:{new_uuid()[:8]}</ScopedSessionId>"
        f"<Arn>{escape(session['Arn'])}</Arn></SessionInfo>"
        f"<ScopedPoliciesCount>{len(session['ScopedPolicies'])}</ScopedPoliciesCount>"
        + (f"<SourceIdentity>{escape(source)}</SourceIdentity>" if source else "")
        + "</GetScopedCredentialsResult>", ns="sts")


# -- A session ends when its answer says, which is in whole seconds: a cut that keeps the end would else be told a later one.
_end = contextvars.ContextVar("end", default=None)


def _told(end):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))


def future(seconds):
    _end.set(int(sts.time.time() + seconds))
    return _told(_end.get())


def ending(session):
    """The session with the end that its answer was told; before there is such an answer, as it is."""
    end = _end.get()
    return session if end is None or "Expiration" not in session else {**session, "Expiration": end}


sts._future = future
_session_policy_limits = iam_evaluator._session_policy_limits


def session_policy_limits(session, account_id):
    cuts = [[iam_evaluator.parse_policy_document(policy)] for policy in session.get("ScopedPolicies", [])]
    return _session_policy_limits(session, account_id) + cuts


iam_evaluator._session_policy_limits = session_policy_limits
sts.handle_request = handle_request
