"""STS GetScopedCredentials, which MiniStack does not know (AWS STS API reference, GetScopedCredentials; IAM user guide,
"Permissions for GetScopedCredentials").

IAM judges the call like any other before it comes here: it needs an Allow, and bows to a Deny. What is answered is the
caller's session again, cut. A second policy over a session that has one already is refused by name: MiniStack takes the
policies of a session together, where AWS takes what they have in common.
"""
import json
import time
from xml.sax.saxutils import escape

from ministack.core.iam_evaluator import CredentialResolutionError, validate_policy_document
from ministack.core.responses import new_uuid
from ministack.services import iam, sts

LONGEST_SECONDS = 129_600
LONGEST_POLICY = 2_048
LONGEST_DESCRIPTION = 256
LARGEST_TOKEN = 4_096

parameters = None  # set by emulator.py: (service, body, query) -> the fields as the handler reads them
_handle_request = sts.handle_request


async def handle_request(method, path, headers, body, query_params):
    target = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    fields = parameters("sts", body or b"", {k: v for k, v in query_params.items()})
    if "GetScopedCredentials" in (target, fields.get("Action")):
        return _scoped_credentials(headers, query_params, fields)
    return await _handle_request(method, path, headers, body, query_params)


def _scoped_credentials(headers, query_params, fields):
    caller = sts._caller_identity(headers, query_params)
    if isinstance(caller, CredentialResolutionError):
        return sts._credential_error_response(caller)
    session = sts._sessions.get(caller["accessKey"])
    if session is None or not caller["isTemporary"]:
        return _refused("AccessDenied", "Cannot call GetScopedCredentials with long-term credentials", 403)
    fault = _fault(fields)
    if fault:
        return _refused(*fault)
    rest = session.get("Expiration", time.time() + 3_600) - time.time()
    policy, duration = fields.get("Policy"), fields.get("DurationSeconds")
    if duration is not None and int(duration) > rest:
        return _refused("InsufficientSessionLifetime", "DurationSeconds is greater than the remaining lifetime of the session")
    policies = session.get("SessionPolicies")
    if policy is not None:
        if policies and not _allows_nothing(policy):
            return _refused("NotImplemented", "the local AWS does not cut a session that has a session policy by another one", 501)
        policies = {"Policy": policy, "PolicyArns": []}
    seconds = rest if duration is None else int(duration)
    return _answer(caller, {**session, "SessionPolicies": policies, "Expiration": time.time() + seconds}, policy)


def _fault(fields):
    """What AWS refuses of the request itself: code and message."""
    policy, duration = fields.get("Policy"), fields.get("DurationSeconds")
    if policy is None and duration is None:
        return "ValidationError", "Either Policy or DurationSeconds must be specified"
    if duration is not None and not (str(duration).isdigit() and 1 <= int(duration) <= LONGEST_SECONDS):
        return "ValidationError", _constraint(duration, "durationSeconds", f"value between 1 and {LONGEST_SECONDS}")
    if policy is not None and not 1 <= len(policy) <= LONGEST_POLICY:
        return "ValidationError", _constraint(policy, "policy", f"length between 1 and {LONGEST_POLICY}")
    malformed = policy is not None and validate_policy_document(policy)
    if malformed:
        return "MalformedPolicyDocument", malformed
    if len(str(fields.get("ScopedSessionDescription", ""))) > LONGEST_DESCRIPTION:
        return "ValidationError", f"scopedSessionDescription must have length less than or equal to {LONGEST_DESCRIPTION}"
    if "MinimumSessionTokenSize" in fields:
        return "NotImplemented", "the local AWS does not make session tokens longer", 501
    return None


def _allows_nothing(policy):
    statements = json.loads(policy)["Statement"]
    return all(each.get("Effect") == "Deny" for each in (statements if isinstance(statements, list) else [statements]))


def _constraint(given, member, must):
    return f"1 validation error detected: Value '{given}' at '{member}' failed to satisfy constraint: Member must have {must}"


def _refused(code, message, status=400):
    return sts._error(status, code, escape(message), ns="sts")


def _answer(caller, session, policy):
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    session.update({"SecretAccessKey": secret, "SessionToken": token, "SourceAccessKeyId": caller["accessKey"]})
    # As it is: the session keeps who it is, its tags and its source identity.
    sts._sessions[key] = session
    expiration = iam._future(max(0, int(session["Expiration"] - time.time())))
    source = session.get("SourceIdentity")
    return sts._xml(
        200, "GetScopedCredentialsResponse",
        "<GetScopedCredentialsResult><Credentials>"
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
        f"<SessionInfo><ScopedSessionId>{escape(session['UserId'])}:{new_uuid()[:8]}</ScopedSessionId>"
        f"<Arn>{escape(session['Arn'])}</Arn></SessionInfo>"
        f"<ScopedPoliciesCount>{0 if policy is None else 1}</ScopedPoliciesCount>"
        + (f"<SourceIdentity>{escape(source)}</SourceIdentity>" if source else "")
        + "</GetScopedCredentialsResult>", ns="sts")


sts.handle_request = handle_request
