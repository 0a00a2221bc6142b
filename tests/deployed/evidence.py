"""Whether the stage's key signs how a pull request came about, and the command line verifies that without asking anybody."""

import gzip

from processes import TICKETSMITH, eventually
from stage import PREFIX


def judge(stage, branch):
    """Gives the commit that the evidence of a branch's pull request is about, once its execution's end is in it."""
    dynamodb = stage.client("dynamodb")

    def item(place):
        key = {"pk": {"S": "REPOSITORY#acme/shop"}, "sk": {"S": place}}
        return dynamodb.get_item(TableName=PREFIX, Key=key).get("Item")

    def signed_at_the_end():
        number = item(f"EVIDENCE_OF#{branch}")
        signed = number and item(f"EVIDENCE#{int(number['number']['N']):010}")
        return signed if signed and signed["ended"]["BOOL"] else None

    signed = eventually(f"the evidence of {branch} is signed", 120, signed_at_the_end)
    envelope, key = stage.folder / "evidence.json", stage.folder / "evidence.pem"
    envelope.write_bytes(gzip.decompress(bytes(signed["envelope"]["B"])))
    key.write_text(signed["public_key"]["S"])
    commit = signed["commit"]["S"]
    said = stage.run(TICKETSMITH, "evidence", "verify", envelope, "--key", key, "--commit", commit)
    assert said.startswith("valid: acme/shop#"), said
    return commit
