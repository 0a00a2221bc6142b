"""The values of the partition key that a request to DynamoDB names, which IAM knows as `dynamodb:LeadingKeys`:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

import json

# The partition keys of the table and of its index.
KEYS = ("pk", "gsi1pk")


def of_item(item):
    return [value["S"] for name, value in (item or {}).items() if name == "pk"]


def of_query(request):
    """The value that a query's condition on the partition key names."""
    condition = request.get("KeyConditionExpression", "")
    left, _, right = condition.partition("=")
    names = request.get("ExpressionAttributeNames", {})
    left, words = left.strip().lstrip("("), right.split()
    if names.get(left, left) not in KEYS or not words:
        return []
    return [request["ExpressionAttributeValues"][words[0].rstrip(")")]["S"]]


def of_request(body):
    """Every partition that a request which is no transaction names."""
    request = json.loads(body or b"{}")
    found = of_item(request.get("Item")) + of_item(request.get("Key"))
    if "KeyConditionExpression" in request:
        found += of_query(request)
    for table in request.get("RequestItems", {}).values():
        keys = table.get("Keys", []) if isinstance(table, dict) else []
        found += [partition for key in keys for partition in of_item(key)]
    return found


def of_transaction(body):
    """The partitions of each item, in order."""
    items = json.loads(body or b"{}").get("TransactItems", [])
    members = [member for item in items for member in item.values()]
    return [of_item(member.get("Item")) + of_item(member.get("Key")) for member in members]
