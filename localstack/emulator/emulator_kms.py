"""What a service asks of KMS for its caller: MiniStack keeps keys of tables and buckets as names, and asks nothing.

DynamoDB decrypts the table's key as whoever reaches the table (DynamoDB guide, "How DynamoDB uses AWS KMS"); S3 generates
a data key for a put, and decrypts it to read an object, or its checksum (S3 guide, "Using server-side encryption with AWS
KMS keys"; API reference, HeadObject). EC2's grants for disks are not here: its volumes are never read.
"""
from ministack.core.responses import get_account_id
from ministack.services import dynamodb, kms, s3

_SSE, _KEY_ID = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"
_BUCKET_KEY = "x-amz-server-side-encryption-bucket-key-enabled"
_NOT_OF_ITEMS = ("Table", "Backup", "TimeToLive", "Tag", "ResourcePolicy", "Limits", "Endpoints", "Stream")


def uses_of(action, arn, region, headers):
    """(action, key ARN, context, managed) of each use of a key in the name of who calls `action` on `arn`."""
    if action.startswith("dynamodb:") and "/" in arn and not any(word in action for word in _NOT_OF_ITEMS):
        return _of_table(arn.split("/")[1], region)
    if action in ("s3:PutObject", "s3:GetObject") and "/" in arn:
        return _of_object(action, arn, region, headers)
    return []


def _of_table(name, region):
    described = (dynamodb._tables.get(name) or {}).get("SSEDescription") or {}
    if described.get("Status") != "ENABLED" or described.get("SSEType") != "KMS":
        return []
    context = {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": get_account_id()}
    return [_use("kms:Decrypt", described["KMSMasterKeyArn"], "dynamodb", region, context)]


def _of_object(action, arn, region, headers):
    bucket, _, key = arn[len("arn:aws:s3:::"):].partition("/")
    if action == "s3:PutObject":
        stored = headers if headers.get(_SSE) else s3._bucket_default_sse_headers(bucket)
    else:
        head = "x-amz-checksum-mode" not in headers and headers.get(":method") == "HEAD"
        found = ((s3._ensure_bucket(bucket) or {}).get("objects") or {}).get(key)
        stored = {} if head or not found else s3._stored_sse_headers(found)
    if stored.get(_SSE) != "aws:kms":
        return []
    whole = _has_bucket_key(bucket) or str(stored.get(_BUCKET_KEY, "")).lower() == "true"
    context = {"aws:s3:arn": f"arn:aws:s3:::{bucket}" if whole else arn}
    named = "kms:GenerateDataKey" if action == "s3:PutObject" else "kms:Decrypt"
    return [_use(named, stored.get(_KEY_ID) or "alias/aws/s3", "s3", region, context)]


def _has_bucket_key(bucket):
    raw = s3._bucket_encryption.get(bucket) or b""
    return b"<BucketKeyEnabled>true<" in (raw if isinstance(raw, bytes) else str(raw).encode())


def _use(action, named, service, region, context):
    known = kms._resolve_key(named)
    keys = {f"kms:encryptioncontext:{name}".lower(): value for name, value in context.items()}
    keys["kms:viaservice"] = f"{service}.{region}.amazonaws.com"
    keys["kms:calleraccount"] = get_account_id()
    # A key that AWS manages lets in whoever may use its service (its key policy): a Deny alone keeps somebody out.
    managed = known is None and "alias/aws/" in named
    return action, known["Arn"] if known else named, keys, managed
