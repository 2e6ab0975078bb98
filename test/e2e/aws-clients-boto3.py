"""Calls the endpoint with boto3, as an existing script would, and prints the outcome of each step as JSON.

Reads from its standard input: {"endpoint": URL, "environment": CREDENTIALS, "management": CREDENTIALS},
where CREDENTIALS is {"accessKeyId": ..., "secretAccessKey": ...}.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

settings = json.load(sys.stdin)
outcomes = {}


def client_of(credentials, region="eu-central-1", token=None, secret=None):
    return boto3.session.Session().client(
        "proton",
        endpoint_url=settings["endpoint"],
        region_name=region,
        aws_access_key_id=credentials["accessKeyId"],
        aws_secret_access_key=secret or credentials["secretAccessKey"],
        aws_session_token=token,
        # The server validates, not boto3.
        config=Config(parameter_validation=False, retries={"mode": "standard", "max_attempts": 2}),
    )


def step(name, call):
    """Records the result of a call, or its exception."""
    try:
        result = call()
        result.pop("ResponseMetadata", None)
        outcomes[name] = json.loads(json.dumps(result, default=lambda value: value.isoformat()))
        return result
    except ClientError as error:
        outcomes[name] = {
            "class": type(error).__name__,
            "code": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
            "retries": error.response["ResponseMetadata"]["RetryAttempts"],
        }
        return {}


environment = client_of(settings["environment"])
management = client_of(settings["management"])
elsewhere = client_of(settings["environment"], region="us-east-1")

ROLE = "arn:aws:iam::222222222222:role/proton"
created = step(
    "create",
    lambda: environment.create_environment_account_connection(
        managementAccountId="111111111111",
        environmentName="payments-prod",
        roleArn=ROLE,
        tags=[{"key": "team", "value": "Zahlungsverkehr für alle"}],
    ),
)["environmentAccountConnection"]
id, arn = created["id"], created["arn"]

step("get", lambda: management.get_environment_account_connection(id=id))
step("accept", lambda: management.accept_environment_account_connection(id=id))
step(
    "update",
    lambda: environment.update_environment_account_connection(id=id, codebuildRoleArn=ROLE, componentRoleArn=ROLE),
)
step("tag", lambda: environment.tag_resource(resourceArn=arn, tags=[{"key": "a b", "value": ""}]))
step("tags", lambda: management.list_tags_for_resource(resourceArn=arn))
step("untag", lambda: environment.untag_resource(resourceArn=arn, tagKeys=["a b"]))
step("tags after", lambda: environment.list_tags_for_resource(resourceArn=arn))

for index in range(7):
    environment.create_environment_account_connection(managementAccountId="111111111111", environmentName=f"e{index}")
pages = management.get_paginator("list_environment_account_connections").paginate(
    requestedBy="MANAGEMENT_ACCOUNT", PaginationConfig={"PageSize": 3}
)
step(
    "pages",
    lambda: {"names": [[c["environmentName"] for c in page["environmentAccountConnections"]] for page in pages]},
)

step("reject", lambda: management.reject_environment_account_connection(id=id))
step("delete", lambda: environment.delete_environment_account_connection(id=id))
step("delete again", lambda: environment.delete_environment_account_connection(id=id))

# Errors.
step("gone", lambda: environment.get_environment_account_connection(id=id))
step("conflict", lambda: environment.create_environment_account_connection(managementAccountId="111111111111", environmentName="e0"))
step("invalid", lambda: environment.create_environment_account_connection(managementAccountId="1", environmentName="-"))
step("missing", lambda: environment.create_environment_account_connection())
step("wrong type", lambda: environment.list_environment_account_connections(requestedBy="ENVIRONMENT_ACCOUNT", statuses=[None]))
step("elsewhere", lambda: elsewhere.list_environment_account_connections(requestedBy="ENVIRONMENT_ACCOUNT"))
e0 = environment.list_environment_account_connections(requestedBy="ENVIRONMENT_ACCOUNT", environmentName="e0")
e0_id = e0["environmentAccountConnections"][0]["id"]
step("denied", lambda: environment.accept_environment_account_connection(id=e0_id))
step("not here", lambda: elsewhere.get_environment_account_connection(id=e0_id))

# Invalid signatures.
step("wrong secret", lambda: client_of(settings["environment"], secret="x").get_environment_account_connection(id=e0_id))
step("token", lambda: client_of(settings["environment"], token="t").get_environment_account_connection(id=e0_id))
swapper = client_of(settings["environment"])


def swap_target(request, **_):
    request.headers["X-Amz-Target"] = "AwsProton20200720.DeleteEnvironmentAccountConnection"


swapper.meta.events.register("before-send.proton", swap_target)
step("swapped target", lambda: swapper.get_environment_account_connection(id=e0_id))
step("still there", lambda: environment.get_environment_account_connection(id=e0_id))

print(json.dumps(outcomes))
