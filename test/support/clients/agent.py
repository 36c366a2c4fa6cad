"""An agent with an unmodified boto3: it knows nothing of contracts. One call a line in, one outcome a line out."""

import json
import sys

import boto3
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

session = boto3.Session()
clients = {}

for line in sys.stdin:
    call = json.loads(line)
    place = (call["service"], call.get("region"))
    try:
        if place not in clients:
            clients[place] = session.client(place[0], region_name=place[1])
        getattr(clients[place], xform_name(call["operation"]))(**call["input"])
        outcome = "allowed"
    except ClientError as error:
        outcome = error.response["Error"]["Code"]
    except BotoCoreError as error:
        outcome = f"{type(error).__name__} {error}"
    print(json.dumps(outcome), flush=True)
