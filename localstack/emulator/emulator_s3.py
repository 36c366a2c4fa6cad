"""Whose bucket a request means, and which object: what AWS knows of every S3 call.

MiniStack takes a bucket for the caller's own, folds slashes in keys before it authorizes, and has no member accounts to
own anything else.
"""
import json

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import iam, organizations, s3

_HEAD = "arn:aws:s3:::"


def resource_owner(arn):
    """The account of an S3 resource whose ARN carries none; None where nobody owns it yet."""
    return s3._bucket_owner_account(arn[len(_HEAD):].split("/", 1)[0]) if arn.startswith(_HEAD) else None


def object_arn(arn, path):
    """The ARN with the key as S3 will read it: `bucket//key` is another object than `bucket/key`."""
    bucket, slash, key = path.removeprefix("/").partition("/")
    folded = "/".join(part for part in path.split("/") if part)
    return f"{_HEAD}{bucket}/{key}" if slash and key and arn == _HEAD + folded else arn


# What a write does besides writing, each under an action of its own (S3 API reference, PutObject, "Permissions"; S3
# guide, "Object Lock"). MiniStack takes all of it for PutObject.
_ACTIONS_OF_HEADERS = {"x-amz-tagging": "s3:PutObjectTagging", "x-amz-acl": "s3:PutObjectAcl",
                       "x-amz-grant-": "s3:PutObjectAcl", "x-amz-object-lock-mode": "s3:PutObjectRetention",
                       "x-amz-object-lock-retain-until-date": "s3:PutObjectRetention",
                       "x-amz-object-lock-legal-hold": "s3:PutObjectLegalHold"}
_SUBRESOURCES = frozenset("acl tagging retention legal-hold".split())  # these calls are named after them already


def actions_of_headers(arn, method, headers, params):
    """Further actions that a write of this object needs, by its headers; none for a bucket."""
    if "/" not in arn or method not in ("PUT", "POST") or _SUBRESOURCES & set(params):
        return []
    names = [name.lower() for name in headers]
    needed = [action for start, action in _ACTIONS_OF_HEADERS.items() if any(name.startswith(start) for name in names)]
    return sorted(set(needed))


def if_none_match(service, headers):
    """Condition key s3:if-none-match: the header of a write (S3 guide, "Enforce conditional writes"); None without it."""
    return headers.get("if-none-match") if service == "s3" and headers.get(":method") in ("PUT", "POST") else None


_apply_bucket_scope = s3._apply_bucket_scope


def apply_bucket_scope(method, bucket, key, headers, *rest, **kw):
    expected, owner = headers.get("x-amz-expected-bucket-owner"), s3._bucket_owner_account(bucket)
    if expected and owner and expected != owner:
        return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}" if key else f"/{bucket}")
    return _apply_bucket_scope(method, bucket, key, headers, *rest, **kw)


s3._apply_bucket_scope = apply_bucket_scope

# -- Member accounts: Organizations gives each a role that the management account may assume.
_create_account = organizations._DISPATCH["CreateAccount"]


def create_account(payload):
    status, headers, body = _create_account(payload)
    account = json.loads(body).get("CreateAccountStatus", {}).get("AccountId")
    if account:
        name = payload.get("RoleName") or "OrganizationAccountAccessRole"
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{get_account_id()}:root"},
                 "Action": "sts:AssumeRole"}
        rights = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        with request_scope(account, get_region()):
            iam._create_role({"RoleName": name, "AssumeRolePolicyDocument": _document(trust)})
            iam._put_role_policy({"RoleName": name, "PolicyName": "AdministratorAccess",
                                  "PolicyDocument": _document(rights)})
    return status, headers, body


def _document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


organizations._DISPATCH["CreateAccount"] = create_account
