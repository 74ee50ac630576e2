import io

import pytest
from rich.console import Console

from ecotone.metrics import Tally
from ecotone.progress import Display, LiveLine, PlainLines, duration, fitting, number, parts
from ecotone.runtime.events import EpisodeEnded, Evaluated, Updated


def test_numbers_and_durations_as_people_read_them():
    assert [number(v) for v in (None, 0.01234, 9.5, 487.25, 12345.6)] == ["–", "0.0123", "9.5", "487.2", "12,346"]
    assert [duration(v) for v in (None, 0, 75, 3671)] == ["–", "0:00", "1:15", "1:01:11"]


def test_a_dash_before_the_first_episode_ends():
    tally = Tally(1000)
    assert dict(parts(tally)) == {"steps": "0", "steps/s": "–", "return": "–", "length": "–", "left": "–"}
    tally(Updated(100, 1, {}))
    assert dict(parts(tally))["return"] == "–"
    tally(EpisodeEnded(100, 0, 3.0, 5))
    assert (dict(parts(tally))["return"], dict(parts(tally))["length"]) == ("3", "5")


def test_plain_lines_come_now_and_then_and_for_evaluations():
    stream, tally = io.StringIO(), Tally(1000)
    lines = PlainLines(tally, stream, every=3600.0)
    for step in range(100):
        event = Updated(step, 1, {})
        tally(event)
        lines(event)
    assert stream.getvalue() == ""
    lines(Evaluated(100, (1.0, 2.0), (1, 2), 0.1))
    assert stream.getvalue() == "evaluated at 100 steps: return 1.5, mean of 2 episodes\n"
    lines.close()
    assert stream.getvalue().splitlines()[-1].startswith("99 of 1,000 steps: ")


def test_display_is_plain_where_there_is_no_terminal():
    stream = io.StringIO()
    with Display(10, stream=stream) as display:
        display(Updated(10, 1, {}))
    assert stream.getvalue().startswith("10 of 10 steps: ")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_live_line_stays_one_line(width):
    stream, tally = io.StringIO(), Tally(1_000_000)
    for event in (EpisodeEnded(5, 0, 12345.0, 1000), Evaluated(5, (1.0,), (1,), 0.1), Updated(500_000, 1, {})):
        tally(event)
    line = LiveLine(tally, "ppo-CartPole-v1", Console(file=io.StringIO(), force_terminal=True, width=width))
    line.close()
    Console(file=stream, width=width).print(line)
    (shown,) = stream.getvalue().splitlines()
    assert "steps 500,000" in shown
    assert "return 12,345" in shown
    assert ("ppo-CartPole-v1" in shown) == (width >= 120)


def test_what_is_missed_least_goes_first():
    told = [("steps", "1"), ("steps/s", "2"), ("return", "3"), ("length", "4"), ("left", "5")]
    assert fitting(told, 200) == told
    assert [label for label, _ in fitting(told, 30)] == ["steps", "return", "left"]
    assert [label for label, _ in fitting(told, 5)] == ["steps", "return"]
