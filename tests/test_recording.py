"""Looks of teams: colours that one can tell apart, the same wherever a team is drawn."""

import pytest

from ecotone.mistakes import Mistake
from ecotone.recording import COLOURS, Look, team_looks


def test_looks_know_shapes_and_colours_by_their_names_and_by_those_of_matplotlib():
    assert Look("s", "r") == Look("square", "#D55E00")
    assert Look("d").shape == "diamond"
    with pytest.raises(Mistake, match=r"'hexagone' is no shape.*Did you mean 'hexagon'"):
        Look("hexagone")
    with pytest.raises(Mistake, match=r"'bleu' is no colour.*Did you mean 'blue'"):
        Look(colour="bleu")
    with pytest.raises(Mistake, match="above 0, at most 1"):
        Look(size=200)


def test_teams_get_what_they_do_not_say_and_keep_what_they_say():
    looks = team_looks({"blue_team": Look(), "wolf": Look(), "sheep": Look("star", "green"), "goat": Look(label="Goat")})
    assert looks["blue_team"].colour == COLOURS[0]
    assert looks["sheep"] == Look("star", "green", label="sheep")
    assert looks["goat"].label == "Goat"
    assert len({look.colour for look in looks.values()}) == 4
    assert len({look.shape for look in looks.values()}) == 4
    many = team_looks({f"team {i}": Look() for i in range(20)})
    assert len({(look.shape, look.colour) for look in many.values()}) >= 8
