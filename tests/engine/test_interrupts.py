"""Signals become one exception in the main thread, never a second, and never inside a held step."""

from __future__ import annotations

import os
import signal

import pytest

from slskmesh.engine.interrupts import Interrupted, Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_and_the_old_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as caught, Interrupts():
        os.kill(os.getpid(), number)
    assert caught.value.number == number
    assert signal.getsignal(number) is before


def test_a_second_signal_does_not_cut_the_clean_up_short() -> None:
    cleaned = False
    with Interrupts() as interrupts:
        try:
            with pytest.raises(Interrupted):
                os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            cleaned = True
    assert cleaned
    assert interrupts.number == signal.SIGTERM


def test_a_held_step_is_not_torn() -> None:
    steps = []
    with Interrupts() as interrupts, pytest.raises(Interrupted):
        with interrupts.hold():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("made")
            with interrupts.hold():
                steps.append("remembered")
        steps.append("never")
    assert steps == ["made", "remembered"]


def test_an_error_inside_a_held_step_is_not_hidden() -> None:
    with Interrupts() as interrupts, pytest.raises(ValueError, match="mine"), interrupts.hold():
        os.kill(os.getpid(), signal.SIGINT)
        raise ValueError("mine")


def test_after_close_signals_are_only_remembered() -> None:
    with Interrupts() as interrupts:
        interrupts.close()
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.number == signal.SIGTERM


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_lost_in_a_finaliser_is_raised_at_the_next_look() -> None:
    class Loses:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with Interrupts() as interrupts:
        Loses()  # the interpreter drops what a finaliser raises
        with pytest.raises(Interrupted):
            interrupts.check()
        with pytest.raises(Interrupted), interrupts.hold():
            pass
        interrupts.close()
        interrupts.check()
