"""The deployed run: the real stack on an emulator of AWS that runs the real packages as processes, from bootstrap to destroy."""

import sys
import tempfile
from pathlib import Path

import by_hand
import evidence
import failing_provider
import on_moto
import parity
import parked
import planning
import policies
import removal
import restoring
import revising
import sam
import scheduled
import side_by_side
import sockets
import steering
import triggers
from processes import Processes, only, say
from stage import PREFIX, Stage
from world import World, shop


def proof(folder, processes):
    stage = Stage(folder, processes, World(processes, "world", folder / "world", shop(first_checks_fail=True)))
    stage.bootstrap()
    say("bootstrapped")
    stage.deploy("records=destroy")
    say("deployed")
    stage.configure()
    certificate = sockets.lead_to_the_emulator(stage)
    say("configured")

    rules, asked = policies.judge(stage)
    say(f"the deployed roles keep {rules} rules, by {asked} questions to the policy simulator; each rule can fail")

    first, delivery = triggers.label_a_ticket(stage)
    embedded = parity.Embedded(folder, processes, stage.project)
    embedded_first = embedded.run()
    triggers.judge(stage, first, "SHOP-1", "feature/SHOP-1")
    say(f"{first} succeeded")
    say(f"KMS signed how {evidence.judge(stage, 'feature/SHOP-1')[:7]} came about, and `evidence verify` agrees")
    equal_records, equal_requests = parity.judge(stage, first, embedded, embedded_first)
    say(f"`serve` leaves the same {equal_records} records and makes the same {equal_requests} requests")
    triggers.strangers_are_refused(stage)
    say("unsigned and tampered deliveries are refused")
    triggers.a_second_delivery_starts_nothing(stage, delivery)
    say("one pull request, one execution, one progress comment")

    lines = by_hand.judge(stage, first)
    say(f"`logs` shows its {lines} lines across all functions, `invoke` performs one action")

    on_moto.judge(stage, processes)
    say("moto runs the same state machines to the same end")
    others = triggers.start_the_others(stage)
    failing = failing_provider.start(stage)
    survey = side_by_side.start(stage)
    reader = sockets.Reader(stage, certificate, survey)
    waiting = parked.start(stage)
    nightly = scheduled.start(stage)
    say("started nine more")
    triggers.judge_the_others(stage, others)
    say("every trigger leads to a pull request")
    plan = planning.start(stage)
    revising.judge_the_fix(stage, others[revising.REVISED])
    revision = revising.ask(stage)
    say("a failed check was fixed by the session that made the change; somebody asks for more")
    answers_to_stranger = steering.a_stranger_is_refused(stage)
    undo = steering.an_undo(stage, others[steering.UNDONE])
    # The second delivery of the stranger's label had the time of an undo to be answered.
    assert answers_to_stranger() == 1, answers_to_stranger()
    say(f"a stranger's label starts nothing and is answered once; {undo} takes everything back")
    revising.judge(stage, revision)
    say(f"{revision} is one more commit on the same branch")
    planning.judge(stage, plan)
    say(f"{plan} becomes tickets that are linked, once it is approved; {planning.undo(stage, plan)} takes them back")
    failing_provider.judge(stage, failing)
    say("a server error is waited out; a refusal is told and taken back")
    side_by_side.judge(stage, survey)
    say("branches side by side meet again")
    say(f"a socket sends {reader.judge()} frames of it, and is closed after the last")
    scheduled.judge(stage, nightly)
    say("a schedule starts its workflow once")
    parked.judge(stage, waiting)
    say("buttons reach the task tokens")

    sam.judge(stage)
    say("the SAM command line validates, deploys, invokes and logs the same stack")

    parked.change(stage)
    stage.deploy("records=retain", "logDays=60")
    retention = stage.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{PREFIX}-webhooks")
    assert only(retention["logGroups"])["retentionInDays"] == 60, retention
    say("deployed anew with a changed workflow")
    parked.judge_overtaken(stage, waiting)
    say("what was parked went on as it began")
    violations = stage.world.violations()
    assert violations == [], violations

    say(f"`doctor` finds nothing wrong in {by_hand.ask_the_doctor(stage)} things")
    lost, comments = restoring.judge(stage, first, "SHOP-1")
    say(f"`restore` puts {lost} lost records back")
    removal.judge(stage)
    assert len(stage.world.comments()) == comments, "the restored records told people again"
    say("destroyed; records and secrets stay")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        processes = Processes(Path(name))
        try:
            proof(Path(name), processes)
        except BaseException:
            processes.show(sys.stderr)
            raise
        finally:
            processes.stop()
