"""Given the same beginnings, actions and draws, the grid world does what Abmarl did (benchmarks/golden_abmarl.py)."""

from pathlib import Path

import pytest

from tests.gridworld.golden import compare

RECORDED = Path(__file__).parent / "golden" / "abmarl.npz"
GAMES = ("team_battle", "maze", "multi_maze", "reach_target", "predator_prey", "traffic_corridor")
COMPONENTS = (
    "move, centred", "cross, absolute, position", "drift, stacked", "binary, stacked", "stacked, ammunition", "by encoding",
    "restricted, stacked", "one team", "target inactive", "encoding inactive",
)  # fmt: skip
"""One scene for each component; the others of the recording are compared by hand."""


@pytest.mark.parametrize("name", [*(f"game:{name}" for name in GAMES), *COMPONENTS])
def test_the_same_as_abmarl(name):
    episodes, steps, apart = compare(RECORDED, [name])[name]
    assert (episodes, apart) == (1, {})
    assert steps > 2
