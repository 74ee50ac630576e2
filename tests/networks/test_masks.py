"""Masks are found, leave the rest to be seen, and are refused where they do not fit."""

import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.networks.masks import as_legal, masked_values, masks_of
from ecotone.spec import Box, Dict, Discrete, MultiBinary, Tuple, seen_space, split_mask

MASK, SEEN = MultiBinary((3,)), Box((2,))


def test_the_mask_is_taken_out():
    mask, seen = np.ones((5, 3), np.int8), np.zeros((5, 2))
    assert split_mask(seen)[0] is seen
    assert split_mask(seen)[1] is None
    assert split_mask({"a": seen})[0] == {"a": seen}
    left, legal = split_mask({"observation": seen, "action_mask": mask})
    assert left is seen
    assert legal is mask
    assert list(split_mask({"observation": seen, "b": seen, "action_mask": mask})[0]) == ["observation", "b"]
    assert list(split_mask({"b": seen, "action_mask": mask})[0]) == ["b"]


def test_spaces_follow_what_is_seen():
    assert seen_space(SEEN) == SEEN
    assert seen_space(Dict({"a": SEEN})) == Dict({"a": SEEN})
    assert seen_space(Dict({"observation": SEEN, "action_mask": MASK})) == SEEN
    assert seen_space(Dict({"a": SEEN, "action_mask": MASK})) == Dict({"a": SEEN})
    with pytest.raises(ValueError, match="beside its 'action_mask'"):
        seen_space(Dict({"action_mask": MASK}))


def test_masks_nest_as_actions_do_and_may_lack_parts():
    space = Dict({"go": Tuple((Discrete(2), Discrete(3))), "aim": Box((1,))})
    one = np.ones(3, bool)
    assert masks_of(space, None) == {"aim": None, "go": (None, None)}
    assert masks_of(space, {"go": {"1": one}})["go"][1] is one
    assert masks_of(space, {"go": (None, one)})["go"][1] is one
    with pytest.raises(ValueError, match=r"should have some of the parts \['aim', 'go'\], but it has \['fly'\]"):
        masks_of(space, {"fly": one})
    with pytest.raises(ValueError, match=r"of go should have .*\['0', '1'\], but it has the shape \(3,\)"):
        masks_of(space, {"go": one})


def test_masks_are_bool_and_of_the_choices_shape():
    legal = as_legal(Discrete(3), np.asarray([[1, 0, 1]], np.int8), (1, 3))
    assert legal.dtype == bool
    assert legal.tolist() == [[True, False, True]]
    assert as_legal(MultiBinary((2, 2)), np.eye(2, dtype=bool)[None], (1, 4)).tolist() == [[True, False, False, True]]
    with pytest.raises(ValueError, match=r"the shape \(1, 2\), but the choices have \(1, 3\)"):
        as_legal(Discrete(3), np.ones((1, 2), bool), (1, 3))
    with pytest.raises(ValueError, match="numbers cannot be masked"):
        as_legal(Box((2,)), np.ones(2, bool), (2,))


@pytest.mark.parametrize("library", [np, jnp])
def test_illegal_values_are_the_least_and_none_legal_is_all_legal(library):
    values = library.asarray([[1.0, 2.0], [3.0, 4.0]], "float32")
    masked = masked_values(values, library.asarray([[True, False], [False, False]]))
    np.testing.assert_array_equal(masked, np.asarray([[1.0, -1e30], [3.0, 4.0]], np.float32))
    assert masked.dtype == values.dtype
    assert masked_values(values, None) is values
