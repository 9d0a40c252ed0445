# SPDX-License-Identifier: Apache-2.0
"""The engine's own certificates: looked at, renewed once, and what undo makes of it.

The engine is a script beside the node's; its certificates are real ones.
"""

from pathlib import Path

import pytest

from recovery import engine_certificates, errors, outcome, window
from recovery import journal as journals
from recovery.programs import engine_setup as program
from tests.steps.engine_world import BYPASS, LOOK, OTHER_CA, RUN, STEP, World, signed
from tests.unit import authority


def test_expired_engine_is_renewed_and_told_of_the_maintenance_it_cannot_see(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    before = world.both()
    assert before["due"] == ["engine", "apache"]
    assert world.setups() == [BYPASS]
    assert (
        "the engine's: engine expired 32 days ago, apache expired 32 days ago" in world.person.said
    )
    assert "cannot be undone" in world.person.asked[0]
    assert any("engine-setup asks: Renew certificates?" in line for line in world.person.said)
    assert "engine-setup: Renewing engine certificate (0 s)" in world.person.said
    assert any("web certificate: valid until 2024-03-24" in line for line in world.person.said)
    text = "\n".join(outcome.lines(world.context))
    assert "engine: apache until 2024-03-24 12:00:00 UTC" in text and "engine-setup" not in text
    kept = world.node.place(world.context.directory + "/engine-setup.txt")
    assert "Renewing apache certificate" in kept.read_text()


def test_before_image_is_made_before_engine_setup_and_out_of_its_way(tmp_path: Path) -> None:
    world = World(tmp_path)
    image = world.both()["image"]
    assert image == "/var/lib/ovirt-cert-recovery/virt-host1-run-1-engine.tar"
    made = (tmp_path / "image").read_text()
    assert "umask 077" in made and "etc/pki/ovirt-engine etc/ovirt-engine &&" in made
    orders = (tmp_path / "orders").read_text().splitlines()
    assert orders.index(made.rstrip("\n")) < orders.index(BYPASS)


def test_engine_without_room_for_the_before_image_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place("full")
    with pytest.raises(errors.Error, match="cannot save the engine's files") as caught:
        world.both()
    assert "No space left" in str(caught.value) and world.setups() == []


def test_valid_engine_is_left_alone_without_a_question(tmp_path: Path) -> None:
    world = World(tmp_path, engine=800, apache=61)
    assert world.both() == {"due": [], "image": ""}
    assert world.setups() == [] and world.person.asked == []
    world.undo()


def test_only_the_web_certificate_due_leaves_the_gate_to_engine_setup(tmp_path: Path) -> None:
    world = World(tmp_path, engine=800, apache=10)
    assert world.both()["due"] == ["apache"]
    assert world.setups() == [RUN]


def test_gate_that_does_not_see_the_maintenance_is_passed_when_the_node_does(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, engine=800, apache=10)
    world.place("gate")
    world.both()
    assert world.setups() == [RUN, BYPASS]


@pytest.mark.parametrize("doubt", ["no maintenance", "no broker"])
def test_gate_is_never_passed_without_the_node_vouching_for_it(tmp_path: Path, doubt: str) -> None:
    world = World(tmp_path)
    world.place("gate")
    if doubt == "no broker":
        world.place("no-broker")
    else:
        (tmp_path / "maintenance").unlink()
    with pytest.raises(program.GateClosed) as caught:
        world.both()
    assert world.setups() == [RUN]
    assert "hosted-engine --set-maintenance --mode=global" in caught.value.next_step
    world.undo()
    assert "engine-setup has changed nothing on the engine" in world.person.said


def test_consent_that_is_not_given_leaves_the_engine_and_says_what_remains(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.person.answer = False
    world.both()
    assert world.setups() == []
    world.undo()
    text = "\n".join(outcome.lines(world.context))
    assert "engine-setup --offline" in text and "left out: it was not agreed to" in text


def test_consent_that_is_not_given_leaves_no_copy_of_the_ca_s_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.person.answer = False
    image = world.both()["image"]
    assert "rm -f %s" % image in (tmp_path / "orders").read_text().splitlines()


@pytest.mark.parametrize("agreed", [False, True])
def test_undo_removes_the_copy_only_where_nobody_has_agreed(tmp_path: Path, agreed: bool) -> None:
    world = World(tmp_path)
    world.perform(LOOK)
    before = STEP.capture(world.context)
    world.context.journal.write(journals.APPLYING, STEP.id, before)
    if agreed:
        world.context.journal.write(journals.AGREED, data={"due": before["due"]})
    world.undo()
    orders = (tmp_path / "orders").read_text().splitlines()
    assert ("rm -f %s" % before["image"] in orders) is not agreed


def test_copy_that_an_undo_dropped_is_made_again_before_anything_is_agreed_to(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.perform(LOOK)
    before = STEP.capture(world.context)
    world.context.journal.write(journals.APPLYING, STEP.id, before)
    world.undo()
    (tmp_path / "image").unlink()  # what rm does on a real engine
    world.perform()
    assert (tmp_path / "image").exists() and world.setups() == [BYPASS]


def test_certificate_that_is_not_there_may_be_left_for_later(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "engine" / "apache.cer").unlink()
    with pytest.raises(errors.Error, match="there is no .*apache.cer") as caught:
        world.perform(LOOK)
    assert "resume --no-engine-setup" in caught.value.next_step
    world.context.journal.write(journals.LEFT, data={"why": "so it was said at resume"})
    assert world.both() == {"due": [], "image": ""}
    assert world.person.said == ["they are left for later"]


def test_renewal_that_is_not_offered_changes_nothing_and_is_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place("not-offered")
    world.both()
    assert (tmp_path / "engine-state").read_text() == "active\n"
    world.undo()
    text = "\n".join(outcome.lines(world.context))
    assert "left out: engine-setup does not offer to renew any certificate" in text


def test_engine_setup_that_renewed_nothing_is_an_error(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place("idle")
    with pytest.raises(errors.Error, match="these are as they were: engine, apache"):
        world.both()


@pytest.mark.parametrize("cut", ["lost-before", "lost-after"])
def test_run_that_was_cut_off_half_way_is_run_again_without_another_question(
    tmp_path: Path, cut: str
) -> None:
    world = World(tmp_path)
    world.place(cut)
    with pytest.raises(program.SetupFailed) as caught:
        world.both()
    assert caught.value.stopped and (tmp_path / "engine-state").read_text() == "inactive\n"
    world.perform()
    assert (tmp_path / "engine-state").read_text() == "active\n"
    assert len(world.setups()) == 2 and len(world.person.asked) == 1
    with pytest.raises(errors.PointOfNoReturn):
        world.undo()


def test_certificates_that_somebody_renewed_meanwhile_are_not_renewed_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.perform(LOOK)
    for name in ("engine", "apache"):
        world.place("engine/%s.cer" % name, (tmp_path / "new" / (name + ".cer")).read_text())
    world.place("served.cer", (tmp_path / "new" / "apache.cer").read_text())
    world.perform()
    assert world.setups() == [] and world.person.asked == []


def test_engine_setup_that_still_runs_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place("another")
    world.both()
    assert any("one is still running on the engine" in line for line in world.person.said)
    assert len(world.setups()) == 1


def test_web_certificate_of_another_ca_is_not_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path)
    foreign = authority.issue("virt-he.example.test", OTHER_CA).certificate.decode()
    world.place("foreign.cer", foreign)
    world.place("served.cer", foreign)
    world.both()
    assert any("of another CA; engine-setup does not renew it" in one for one in world.person.said)


def another_ca(world: World, days: float) -> None:
    """Have the engine's web server show a certificate that somebody bought."""
    foreign = signed("virt-he.example.test", days, OTHER_CA)
    for path in ("engine/apache.cer", "served.cer", "foreign.cer"):
        world.place(path, foreign)
    world.place("foreign", "apache.cer")


def test_web_certificate_of_another_ca_about_to_end_does_not_fail_the_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    another_ca(world, 10)
    assert world.both()["due"] == ["engine"]
    assert len(world.setups()) == 1
    said = "the engine's: engine expired 32 days ago, apache 10 days left (of another CA)"
    assert said in world.person.said


def test_only_a_certificate_of_another_ca_about_to_end_needs_no_engine_setup(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, engine=800)
    another_ca(world, -3)
    assert world.both() == {"due": [], "image": ""}
    assert world.setups() == [] and world.person.asked == []


def test_engine_whose_ca_cannot_be_read_is_judged_by_dates_alone(tmp_path: Path) -> None:
    world = World(tmp_path, engine=800, apache=10)
    (tmp_path / "engine" / "ca.pem").unlink()
    assert world.both()["due"] == ["apache"]


def test_undo_behind_the_point_of_no_return_names_the_before_image(tmp_path: Path) -> None:
    world = World(tmp_path)
    image = world.both()["image"]
    with pytest.raises(errors.PointOfNoReturn) as caught:
        world.undo()
    assert image in caught.value.next_step
    assert "the rest of the run is undone" in caught.value.unchanged


def test_undo_half_way_does_not_leave_the_engine_stopped(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place("lost-before")
    with pytest.raises(program.SetupFailed):
        world.both()
    with pytest.raises(errors.PointOfNoReturn, match="nothing; the engine's files from before"):
        world.undo()
    assert (tmp_path / "engine-state").read_text() == "active\n"


def test_undo_with_the_engine_out_of_reach_tells_what_to_do_there(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.both()
    world.node.refuse("ssh", "No route to host")
    with pytest.raises(errors.PointOfNoReturn, match="systemctl start ovirt-engine"):
        world.undo()


def test_look_at_something_that_is_no_engine_is_an_error(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "engine" / "apache.cer").unlink()
    with pytest.raises(errors.Error, match=r"there is no /etc/pki/ovirt-engine/certs/apache.cer"):
        world.perform(LOOK)


def test_look_at_a_damaged_certificate_names_the_file(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place("engine/engine.cer", "garbage\n")
    with pytest.raises(errors.Error, match=r"cannot read /etc/pki/ovirt-engine/certs/engine.cer"):
        world.perform(LOOK)


def test_due_counts_sixty_days_from_the_true_time() -> None:
    edge = window.SOON
    known = {"engine": {"not_after": edge}, "apache": {"not_after": edge - 1}}
    assert engine_certificates.due(known, 0) == ["apache"]
