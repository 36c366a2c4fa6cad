"""What AWS refuses and MiniStack takes: a contract that fails on AWS must not succeed here.

Absent objects (S3 API reference, HeadObject and GetObject, "Permissions"), tiers of parameters (Systems Manager guide,
"Managing parameter tiers"), weights of an alias (Lambda developer guide, "Implement Lambda canary deployments").
"""
import functools

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, s3, ssm

# -- S3 tells nobody who may not list a bucket that an object is not there.
may_list = None  # set by emulator.py: (bucket ARN) -> bool, of the request that is being served


def _hiding_absence(read):
    @functools.wraps(read)
    def hiding(bucket, key, *rest, **kw):
        answer = read(bucket, key, *rest, **kw)
        if answer[0] == 404 and s3._ensure_bucket(bucket) is not None and not may_list(f"arn:aws:s3:::{bucket}"):
            return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}")
        return answer
    return hiding


s3._head_object = _hiding_absence(s3._head_object)
s3._get_object = _hiding_absence(s3._get_object)

# -- Parameters: the standard tier takes less, and nothing goes back to it.
_put_parameter = ssm._put_parameter
_LARGEST = {"Standard": 4096, "Advanced": 8192}


def put_parameter(data):
    existing = ssm._parameters.get(data.get("Name", ""))
    tier = data.get("Tier")
    if tier == "Standard" and existing and existing.get("Tier") == "Advanced":
        return _invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
                        "advanced-parameter tier to the standard-parameter tier.")
    used = tier if tier in _LARGEST else ssm._default_tier(data, data.get("Value", ""), existing)
    if used == "Standard" and data.get("Policies"):
        return _invalid("Parameter policies can only be added to parameters in the advanced-parameter tier.")
    if len(data.get("Value", "").encode()) > _LARGEST.get(used, 8192):
        return _invalid(f"{used} tier parameters support a maximum parameter value of {_LARGEST[used]} characters.")
    return _put_parameter(data)


def _invalid(message):
    return error_response_json("ValidationException", message, 400)


ssm._put_parameter = put_parameter


# -- Aliases: both versions of a weighted one are published.
def _published_only(change):
    @functools.wraps(change)
    def checked(function, *rest):
        data = rest[-1]
        aliases = (lambda_svc._functions.get(function) or {}).get("aliases", {})
        known = aliases.get(rest[0], {}) if len(rest) > 1 else {}
        if not lambda_svc._functions.get(function) or (len(rest) > 1 and not known):
            return change(function, *rest)  # what is absent is absent, whatever its weights would have been
        main = data.get("FunctionVersion", known.get("FunctionVersion", "$LATEST"))
        routing = data.get("RoutingConfig", known.get("RoutingConfig")) or {}
        weights = routing.get("AdditionalVersionWeights") or {}
        if weights and "$LATEST" in (main, *weights):
            return error_response_json("InvalidParameterValueException",
                                       "$LATEST is not supported for an alias pointing to more than 1 version", 400)
        return change(function, *rest)
    return checked


lambda_svc._create_alias = _published_only(lambda_svc._create_alias)
lambda_svc._update_alias = _published_only(lambda_svc._update_alias)
