"""What a DynamoDB request touches: the values of AWS's condition keys, and the actions that PartiQL stands for."""
import re

from ministack.services import dynamodb

_TRANSACTED = {"dynamodb:ConditionCheckItem": "ConditionCheck", "dynamodb:PutItem": "Put",
               "dynamodb:UpdateItem": "Update", "dynamodb:DeleteItem": "Delete", "dynamodb:GetItem": "Get"}
_EXPRESSIONS = ("UpdateExpression", "ConditionExpression", "ProjectionExpression", "KeyConditionExpression",
                "FilterExpression")
_PATH_HEAD = re.compile(r"(?<![\w.:#])(#\w+|[A-Za-z_]\w*)(?=\s*(.?))")  # with the next character
_RESERVED = frozenset("set add delete and or not between in".split())  # never attributes without a placeholder
_FUNCTIONS = frozenset("if_not_exists list_append attribute_exists attribute_not_exists attribute_type begins_with "
                       "contains size".split())
_SINGLE_ITEM = frozenset({"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"})


def _operations(body, action, arn):
    """The single operations of a request that are checked as `action` on the table `arn`."""
    table = arn.split("/")[1] if "/" in arn else ""
    if body.get("TransactItems"):
        member = _TRANSACTED.get(action)
        found = [entry.get(member) or {} for entry in body["TransactItems"] if isinstance(entry, dict)]
        return [op for op in found if str(op.get("TableName", "")).rsplit("/", 1)[-1] == table]
    if not body.get("RequestItems"):
        return [body]
    found = []
    for name, asked in body["RequestItems"].items():
        if name.rsplit("/", 1)[-1] != table:
            continue
        if isinstance(asked, dict):
            found += [{**asked, "Key": key} for key in asked.get("Keys", [])]
        for write in asked if isinstance(asked, list) else []:
            found.append(write.get("PutRequest") or write.get("DeleteRequest") or {})
    return found


def _leading_key(operation, arn):
    """The value of the partition key, or None where the operation names none (a scan, an unreadable query)."""
    parts = arn.split("/")
    table = dynamodb._tables.get(parts[1] if len(parts) > 1 else "") or {}
    indexes = table.get("GlobalSecondaryIndexes") or []
    schema = next((i["KeySchema"] for i in indexes if len(parts) > 3 and i["IndexName"] == parts[3]), None)
    hash_key = next((k["AttributeName"] for k in schema or table.get("KeySchema", []) if k["KeyType"] == "HASH"), None)
    value = (operation.get("Key") or operation.get("Item") or {}).get(hash_key)
    if value is None and isinstance(operation.get("KeyConditionExpression"), str):
        names = operation.get("ExpressionAttributeNames") or {}
        for name, placeholder in re.findall(r"([#\w.-]+)\s*=\s*(:\w+)", operation["KeyConditionExpression"]):
            if names.get(name, name) == hash_key:
                value = (operation.get("ExpressionAttributeValues") or {}).get(placeholder)
    return str(next(iter(value.values()))) if isinstance(value, dict) and value else None


def _attributes(operation):
    """Top-level attribute names that an operation touches, placeholders resolved."""
    touched = set(operation.get("Key") or {}) | set(operation.get("Item") or {})
    touched |= set(operation.get("AttributesToGet") or []) | set(operation.get("AttributeUpdates") or {})
    touched |= set(operation.get("Expected") or {}) | set(operation.get("KeyConditions") or {})
    names = operation.get("ExpressionAttributeNames") or {}
    for expression in filter(None, (operation.get(name) for name in _EXPRESSIONS)):
        for head, following in _PATH_HEAD.findall(str(expression)):
            word = head.lower()
            called = word in _FUNCTIONS and following == "("
            clause = word == "remove" and (following.isalpha() or following in "#_")
            if not (word in _RESERVED or called or clause):
                touched.add(names.get(head, head))
    return touched


def condition_key(key, body, ctx):
    """The value of `key` (lower case) for the operations that `ctx` asks about, or None: then it is absent.

    LeadingKeys is absent as soon as one operation names no partition key, so a policy with AWS's `Null` guard
    denies it; a transaction and a batch give the keys of all their operations on the table.
    """
    operations = _operations(body, ctx.action, ctx.resource_arn)
    if key == "dynamodb:leadingkeys":
        values = [_leading_key(operation, ctx.resource_arn) for operation in operations]
        return sorted(set(values)) if values and None not in values else None
    if key == "dynamodb:attributes":
        return sorted(set().union(*(_attributes(operation) for operation in operations))) or None
    if key == "dynamodb:returnvalues" and ctx.action in _SINGLE_ITEM and not body.get("RequestItems"):
        return body.get("ReturnValues") or "NONE"
    return None


def partiql_checks(action, body, region, account):
    """(action, ARN) per statement as AWS names them; an unreadable one keeps the API's own name, on every resource."""
    listed = body.get("Statements") or body.get("TransactStatements") or [body]
    checks = []
    for entry in listed if isinstance(listed, list) else [body]:
        try:
            parsed = dynamodb._parse_partiql(entry["Statement"], entry.get("Parameters", []))
            arn = f"arn:aws:dynamodb:{region}:{account}:table/{parsed['table']}"
            arn += f"/index/{parsed['index']}" if parsed.get("index") else ""
            checks.append((f"dynamodb:PartiQL{parsed['op'].capitalize()}", arn))
        except Exception:
            checks.append((action, "*"))
    return checks
