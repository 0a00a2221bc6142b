"""The restore rehearsal: records are lost, and `ticketsmith restore` puts them back from a copy of the table.

The emulator's copies are of the present, so this one is made before the loss."""

from stage import PREFIX

COPY = f"{PREFIX}-copy"
# Whatever a stage's minute leaves behind.
MOMENTARY = ("PROVIDER#", "EVENT#")


def records(stage):
    pages = stage.client("dynamodb").get_paginator("scan").paginate(TableName=PREFIX)
    items = [item for page in pages for item in page["Items"]]
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in items if not item["pk"]["S"].startswith(MOMENTARY)}


def judge(stage, execution, task):
    """Loses all that is known of an execution and its task. How many records that were, and how many comments there are."""
    dynamodb = stage.client("dynamodb")
    before, told, comments = records(stage), stage.execution(execution), len(stage.world.comments())
    dynamodb.restore_table_to_point_in_time(SourceTableName=PREFIX, TargetTableName=COPY, UseLatestRestorableTime=True)

    def is_lost(key):
        pk, sk = key
        journal = pk.startswith("RUN#") and pk.endswith(f":{execution}")
        return journal or pk in (f"EXECUTION#{execution}", f"TASK#{task}") or sk.endswith(f"#{execution}")

    # The execution goes first, so that nobody is told of what is half lost.
    lost = sorted(filter(is_lost, before), key=lambda key: key[1] != "EXECUTION")
    for pk, sk in lost:
        dynamodb.delete_item(TableName=PREFIX, Key={"pk": {"S": pk}, "sk": {"S": sk}})
    assert {"AUDIT", "EXECUTION", "MONTH", "PROJECT", "RUN", "SPEND", "TASK"} == {pk.split("#")[0] for pk, _ in lost}, lost
    assert execution not in [one["execution"] for one in stage.executions()]

    printed = stage.ticketsmith("restore", "--from", COPY, "--yes")
    assert f"restored {len(lost)} records" in printed, printed
    assert records(stage) == before
    assert stage.execution(execution) == told
    # There is nothing left to do. This copy is made and removed by the command.
    again = stage.ticketsmith("restore", "--at", "2026-11-22T10:00:00Z", "--yes")
    assert f"{PREFIX} has everything that" in again and "removed the copy" in again, again
    assert dynamodb.list_tables()["TableNames"].count(f"{PREFIX}-20261122T100000") == 0
    dynamodb.delete_table(TableName=COPY)
    return len(lost), comments
