# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""Who the simulator waits for."""

from __future__ import annotations

from wayscout_sim.barrier import Barrier


def barrier() -> Barrier:
    made = Barrier(("localiser", "rover"))
    made.open(100)
    return made


def test_waits_for_everyone() -> None:
    b = barrier()
    assert b.answer("localiser", 100, True, [])
    assert not b.complete
    assert b.waiting_for() == ["rover"]
    assert b.answer("rover", 100, False, [])
    assert b.complete
    assert not b.resting


def test_waits_for_named_commands_in_either_order() -> None:
    b = barrier()
    b.answer("localiser", 100, True, [])
    b.receive("helicopter/motors")  # overtook its answer
    b.answer("rover", 100, False, ["helicopter/motors", "rover/joint_command"])
    assert not b.complete
    assert b.waiting_for() == ["the message on rover/joint_command"]
    b.receive("rover/joint_command")
    assert b.complete


def test_old_answers_and_strangers_do_not_count() -> None:
    b = barrier()
    assert not b.answer("rover", 99, False, [])
    assert not b.answer("mission", 100, False, [])
    assert b.waiting_for() == ["localiser", "rover"]


def test_a_woken_participant_ends_the_rest() -> None:
    b = barrier()
    b.answer("localiser", 100, True, [])
    b.answer("rover", 100, True, [])
    assert b.resting
    b.answer("rover", 100, False, [])
    assert b.complete
    assert not b.resting
    assert not b.is_idle("rover")
    assert b.is_idle("helicopter")


def test_a_new_instant_forgets_answers_but_not_commands() -> None:
    b = barrier()
    b.answer("localiser", 100, True, [])
    b.answer("rover", 100, False, ["rover/joint_command"])
    b.receive("rover/joint_command")
    b.open(200)
    assert b.waiting_for() == ["localiser", "rover"]
    b.answer("localiser", 200, True, [])
    b.answer("rover", 200, True, [])
    assert b.resting
