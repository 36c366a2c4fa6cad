"""Starts MiniStack (pinned to 1.5.33) after teaching its authorization what AWS knows and it does not.

Policies of the stack are written for AWS and never bent for the emulator, so what the emulator lacks
is added here: an action name, a resource, a condition key or a check gets the value it has on AWS.
Nothing here loosens a check. Run with AUTH=true; `emulator-process.ts` makes the environment.
"""
import contextvars
import dataclasses
import hashlib
import json
import os
import secrets
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ministack.core import iam_actions, iam_evaluator, lambda_runtime

# -- Root: only the key made at this start. MiniStack also takes `test` and any 12 digits, unchecked.
# Before the services are imported: they copy this name.


def is_root_access_key(access_key_id):
    return not access_key_id or access_key_id == os.environ["AWS_ACCESS_KEY_ID"]


iam_evaluator.is_root_access_key = is_root_access_key

import emulator_caller  # noqa: E402
import emulator_dynamodb  # noqa: E402
import emulator_ec2  # noqa: E402, F401
import emulator_kms  # noqa: E402
import emulator_operation  # noqa: E402
import emulator_refusals  # noqa: E402
import emulator_s3  # noqa: E402
import emulator_sts  # noqa: E402
from ministack.services import dynamodb, iam, kms, sts  # noqa: E402

_request = contextvars.ContextVar("request", default=("", {}))  # (service, decoded parameters)
_more_checks = contextvars.ContextVar("more_checks", default=())  # further (action, ARN) of the request
_headers = contextvars.ContextVar("headers", default={})
_may = contextvars.ContextVar("may", default=lambda action, arn: True)  # whether the caller may; of no request: anything


def _json_object(raw):
    try:
        value = json.loads(raw or b"{}")
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _parameters(service, body, params):
    """What the handler will read: JSON, or for STS and IAM the form fields over the query string."""
    if body[:1] == b"{" or service not in ("sts", "iam"):
        return _json_object(body)
    fields = {**params, **parse_qs(body.decode("utf-8", "replace"))}
    return {k: v[0] if isinstance(v, list) else v for k, v in fields.items()}


emulator_sts.parameters = _parameters

# -- Credentials of functions: MiniStack derives them from public names, so anybody could compute them.
_salt = secrets.token_hex(32)


def execution_credentials(config):
    arn, role = config["FunctionArn"], config["Role"].rsplit("/", 1)[-1]
    name, account = config.get("FunctionName", "function")[:64], arn.split(":")[4]
    parts = [hashlib.sha256(f"{_salt}:{part}:{arn}:{role}".encode()).hexdigest() for part in ("key", "secret", "token")]
    stored = iam._roles.get_scoped(account, None, role) or {}
    sts.register_session(f"ASIA{parts[0][:16].upper()}", {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        "UserId": f"{stored.get('RoleId', role)}:{name}",
        "SecretAccessKey": parts[1], "SessionToken": parts[2], "AccountId": account,
        "PrincipalType": "AssumedRole", "SourceFunctionArn": ":".join(arn.split(":")[:7]),
    })
    return {"AWS_ACCESS_KEY_ID": f"ASIA{parts[0][:16].upper()}", "AWS_SECRET_ACCESS_KEY": parts[1],
            "AWS_SESSION_TOKEN": parts[2]}


lambda_runtime.execution_credentials = execution_credentials

# -- Action names: each call on an alias, a reserved concurrency or a URL has its own; PartiQL is named
# after what its statement does, on the table that it names.
_lambda_action = iam_actions._lambda_action
_LAMBDA_ACTIONS = {
    "aliases": {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"},
    "concurrency": {"GET": "GetFunctionConcurrency", "PUT": "PutFunctionConcurrency",
                    "DELETE": "DeleteFunctionConcurrency"},
    "url": {"GET": "GetFunctionUrlConfig", "POST": "CreateFunctionUrlConfig", "PUT": "UpdateFunctionUrlConfig",
            "DELETE": "DeleteFunctionUrlConfig"},
}


def lambda_action(method, path):
    parts = [p for p in path.split("/") if p]
    rest = parts[parts.index("functions") + 1:] if "functions" in parts else []
    if len(rest) >= (3 if rest[1:2] == ["aliases"] else 2) and rest[1] in _LAMBDA_ACTIONS:
        return _LAMBDA_ACTIONS[rest[1]].get(method)
    return _lambda_action(method, path)


iam_actions._lambda_action = lambda_action

# -- Resources: every statement, service and instance that one call names.
_resource_arn = iam_actions.extract_resource_arn


def resource_arn(service, method, path, headers, body, params, region, account_id):
    if service == "ec2":
        params = emulator_operation.as_read(service, headers, body, params)
    parameters = _parameters(service, body, params)
    _request.set((service, parameters))
    _more_checks.set(())
    _headers.set({**{name.lower(): value for name, value in headers.items()}, ":method": method})
    arn = _resource_arn(service, method, path, headers, body, params, region, account_id)
    operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if service == "dynamodb" and operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        checks = emulator_dynamodb.partiql_checks(f"dynamodb:{operation}", parameters, region, account_id)
        _more_checks.set(tuple(checks))
        return checks[0][1]
    if service == "s3":
        arn = emulator_s3.object_arn(arn, path)
        _more_checks.set(tuple((name, arn) for name in emulator_s3.actions_of_headers(arn, method, headers, params)))
        return arn
    if service == "dynamodb" and arn == "*":  # a table's policy and tags: named by ARN, checked on the table
        return str(parameters.get("ResourceArn") or arn)
    if service == "kms" and ":alias/" in arn:  # using a key by its alias is using the key
        return (kms._resolve_key(arn) or {}).get("Arn", arn)
    if service == "ssm" and str(parameters.get("Name", "")).startswith("arn:"):
        return parameters["Name"]
    if service == "lambda" and path.endswith("/invocations") and params.get("Qualifier"):
        qualifier = params["Qualifier"]
        return f"{arn}:{qualifier[0] if isinstance(qualifier, list) else qualifier}"
    named = (emulator_operation.service_arns(parameters, region, account_id) if service == "ecs"
             else emulator_operation.instance_arns(params, region, account_id) if service == "ec2" else [])
    if named:
        _more_checks.set(tuple((None, each) for each in named[1:]))
        return named[0]
    if service == "ec2" and any(name.startswith("InstanceId") for name in params):
        return "*"  # a Describe
    return arn


iam_actions.extract_resource_arn = resource_arn
_enforce = iam_evaluator.enforce


def enforce(access_key, action, service, region, resource_arn="*", service_context=None, **rest):
    checks = _more_checks.get()
    partiql = service == "dynamodb" and any(name for name, _ in checks)
    first = checks[0][0] if partiql else action

    def judge(name, arn):
        denied = _enforce(access_key, name, service, region, resource_arn=arn, service_context=service_context, **rest)
        for used, key, context, managed in [] if denied else emulator_kms.uses_of(name, arn, region, _headers.get()):
            found = _enforce(access_key, used, "kms", region, resource_arn=key, service_context=context, **rest)
            denied = denied or (None if managed and getattr(found, "decision", "") == "ImplicitDeny" else found)
        return denied

    _may.set(lambda name, arn: _enforce(access_key, name, service, region, resource_arn=arn, **rest) is None)
    denied = judge(first, resource_arn)
    for name, arn in checks[1:] if partiql else checks:
        denied = denied or judge(name or action, arn)
    return denied


emulator_refusals.may_list = lambda bucket: _may.get()("s3:ListBucket", bucket)
iam_evaluator.enforce = enforce

# -- Condition keys of the caller, KMS and STS.
_resolve = iam_evaluator._resolve_condition_key


def resolve(key, ctx):
    k = key.lower()
    service, body = _request.get()
    if k == "aws:principalarn" and ":assumed-role/" in ctx.principal_arn:
        role = ctx.principal_arn.split(":assumed-role/")[1].split("/")[0]
        stored = iam._roles.get_scoped(ctx.principal_account, None, role) or {}
        return stored.get("Arn") or f"arn:aws:iam::{ctx.principal_account}:role/{role}"
    if k in ("aws:resourceaccount", "s3:resourceaccount"):
        return emulator_s3.resource_owner(ctx.resource_arn) or _resolve(key, ctx)
    if k == "s3:if-none-match":
        return emulator_s3.if_none_match(service, _headers.get())
    if k == "iam:permissionsboundary":  # of the role that a policy is put on (Service Authorization Reference, IAM)
        role = iam._roles.get_scoped(ctx.principal_account, None, str(body.get("RoleName"))) if service == "iam" else None
        return (role or {}).get("PermissionsBoundary") or None
    if k == "sts:sourceidentity":
        return body.get("SourceIdentity") if service == "sts" else None
    if k == "kms:signingalgorithm":
        return body.get("SigningAlgorithm") if service == "kms" else None
    if k == "kms:messagetype":
        return body.get("MessageType", "RAW") if service == "kms" and "SigningAlgorithm" in body else None
    if service == "kms" and k.startswith("kms:encryptioncontext:"):
        given = body.get("EncryptionContext")
        given = given if isinstance(given, dict) else {}
        return {f"kms:encryptioncontext:{name}".lower(): value for name, value in given.items()}.get(k)
    if service == "dynamodb" and k in ("dynamodb:leadingkeys", "dynamodb:attributes", "dynamodb:returnvalues"):
        return emulator_dynamodb.condition_key(k, body, ctx)
    if k in ("events:source", "events:detail-type"):  # of every event of the call (Service Authorization Reference)
        entries = body.get("Entries") if service == "events" else None
        name = "Source" if k == "events:source" else "DetailType"
        given = [e.get(name) for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
        return [str(value) for value in given if value is not None] or None
    if k == "dynamodb:enclosingoperation":
        return _resolve(key, ctx) or ctx.service_context.get("dynamodb:EnclosingOperation")
    return _resolve(key, ctx)


iam_evaluator._resolve_condition_key = resolve

# -- SourceIdentity: demanded and checked by trust policies, carried by the session, never changed by a later role.
_trust = iam_evaluator.evaluate_trust_policy


def _asked_identity():
    service, parameters = _request.get()
    return parameters.get("SourceIdentity") if service == "sts" else None


def evaluate_trust_policy(doc, caller_arn, ctx=None, *rest, **kw):
    allowed = _trust(doc, caller_arn, ctx, *rest, **kw)
    if not allowed or ctx is None or ctx.action != "sts:AssumeRole":
        return allowed
    held, asked = ctx.principal_keys.get("aws:sourceidentity"), _asked_identity()
    if held and asked and held != asked:
        return False
    if held or asked:
        return _trust(doc, caller_arn, dataclasses.replace(ctx, action="sts:SetSourceIdentity"), *rest, **kw)
    return True


iam_evaluator.evaluate_trust_policy = evaluate_trust_policy
_register_session = sts.register_session


def register_session(access_key, session, *rest, **kw):
    source = sts._sessions.get(session.get("SourceAccessKeyId")) or {}
    identity = _asked_identity() or source.get("SourceIdentity")
    if identity and "SourceFunctionArn" not in session:
        session = {**session, "SourceIdentity": identity}
    return _register_session(access_key, emulator_sts.ending(session), *rest, **kw)


sts.register_session = register_session
_sts_xml = sts._xml


def sts_xml(status, root, inner, *rest, **kw):
    if root == "AssumeRoleResponse" and _asked_identity():  # as AWS answers
        inner = inner.replace("</AssumeRoleResult>",
                              f"<SourceIdentity>{escape(_asked_identity())}</SourceIdentity></AssumeRoleResult>")
    return _sts_xml(status, root, inner, *rest, **kw)


sts._xml = sts_xml
_principal_keys = iam_evaluator._principal_keys


def principal_keys(credential):
    session = sts._sessions.get(credential.access_key_id) or {}
    added = {"aws:sourceidentity": session.get("SourceIdentity"),
             "lambda:sourcefunctionarn": session.get("SourceFunctionArn")}
    return {**_principal_keys(credential), **{k: v for k, v in added.items() if v}}


iam_evaluator._principal_keys = principal_keys
sts._principal_keys = principal_keys


# -- Resource policy of a DynamoDB table: stored by the emulator, now also evaluated, on its indexes too.
def table_policy_for_arn(arn):
    entry = dynamodb._resource_policies.get(arn.split("/index/")[0])
    return (entry["Policy"], None) if entry else None


dynamodb.table_policy_for_arn = table_policy_for_arn
iam_evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy_for_arn")

if __name__ == "__main__":
    from ministack import app as ministack_app
    emulator_caller.install(ministack_app)
    ministack_app.main()
