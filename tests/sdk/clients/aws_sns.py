"""Publishes one message with the package `boto3`."""

import json
import sys

import boto3

asked = json.loads(sys.argv[1])
sns = boto3.client(
    "sns",
    endpoint_url=asked["address"],
    region_name=asked["region"],
    aws_access_key_id=asked["keyId"],
    aws_secret_access_key=asked["secret"],
    aws_session_token=asked.get("token"),
)
answer = sns.publish(**asked["message"])
said = {
    "id": answer["MessageId"],
    "limit": sns.get_sms_attributes()["attributes"]["MonthlySpendLimit"],
    "sandbox": sns.get_sms_sandbox_account_status()["IsInSandbox"],
}
sys.stdout.write(json.dumps(said))
