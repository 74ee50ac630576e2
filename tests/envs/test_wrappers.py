"""Each wrapper: what it makes of a few steps, in NumPy and JAX, of flat and nested observations; and what it refuses."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from ecotone.envs.wrapped import Layers
from ecotone.envs.wrappers import (
    Clip,
    ClipReward,
    Crop,
    Entries,
    Flatten,
    MapAction,
    MapObservation,
    OneHot,
    PreviousActionReward,
    ScaleReward,
    ShapeReward,
    Stack,
    no_memory,
    same_action,
    same_spec,
)
from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Repeated, Spec, Tuple
from ecotone.testing import check_wrapper
from ecotone.testing.samples import observations
from ecotone.trajectory import TimeStep

VECTOR = Box((3,), low=(-1.0, -2.0, -3.0), high=(1.0, 2.0, 3.0))
IMAGE = Box((6, 5, 2), "uint8", 0.0, 255.0)
NESTED = Dict(
    {
        "camera": Dict({"left": IMAGE, "right": IMAGE}),
        "place": Discrete(4),
        "rest": Tuple((VECTOR, MultiDiscrete((2, 3), (1, 0)), MultiBinary((2,)), Box(()))),
        "friends": Repeated(Dict({"at": Box((2,), low=0.0, high=1.0), "kind": Discrete(2)}), 3),
        "action_mask": MultiBinary((2,)),
    }
)
TWO, THRUST = Discrete(2, start=3), Box((2,), low=-3.0, high=5.0)
ACTS = Dict({"push": Box((1,), low=0.0, high=1.0), "tool": Tuple((Discrete(3, start=1), MultiDiscrete((2, 2))))})


def double(x):
    return 2.0 * x


def shaped(before, action, reward, after, discount):
    potential = lambda seen: seen[:, 0]
    return reward + 0.9 * discount * potential(after) - potential(before)


def first_camera(seen):
    return {"left": seen["camera"]["left"], "at": seen["rest"][0]}


CASES = {
    "stack": (Stack(3), Spec(VECTOR, TWO)),
    "stack of one": (Stack(1), Spec(VECTOR, TWO)),
    "stack images": (Stack(4), Spec(IMAGE, TWO)),
    "stack a number": (Stack(2), Spec(Box(()), TWO)),
    "stack choices": (Stack(2), Spec(Discrete(3, 1), TWO)),
    "stack nested": (Stack(2), Spec(NESTED, TWO)),
    "stack some": (Stack(3, only=("camera/left", "rest")), Spec(NESTED, TWO)),
    "crop": (Crop(1, 2, 1, 0), Spec(IMAGE, TWO)),
    "crop nested": (Crop(top=2), Spec(NESTED, TWO)),
    "clip": (Clip(-1.5, 0.5), Spec(VECTOR, TWO)),
    "clip without bounds": (Clip(-0.5, 0.5), Spec(Box((2, 2)), TWO)),
    "clip nested": (Clip(-1.0, 1.0), Spec(NESTED, TWO)),
    "one-hot": (OneHot(), Spec(Discrete(4, start=2), TWO)),
    "one-hot of several": (OneHot(), Spec(MultiDiscrete((2, 3)), TWO)),
    "one-hot nested": (OneHot(), Spec(NESTED, TWO)),
    "entries": (Entries((2, 0)), Spec(VECTOR, TWO)),
    "entries nested": (Entries((1,), only=("rest/0",)), Spec(NESTED, TWO)),
    "flatten": (Flatten(), Spec(IMAGE, TWO)),
    "flatten nested": (Flatten(), Spec(NESTED, TWO)),
    "map": (MapObservation(double, Box((3,), low=-6.0, high=6.0)), Spec(VECTOR, TWO)),
    "map a part": (MapObservation(double, Box((3,), low=-6.0, high=6.0), part="rest/0"), Spec(NESTED, TWO)),
    "map to parts": (MapObservation(first_camera, Dict({"left": IMAGE, "at": VECTOR})), Spec(NESTED, TWO)),
    "previous": (PreviousActionReward(), Spec(VECTOR, TWO)),
    "previous thrust": (PreviousActionReward(reward=False), Spec(VECTOR, THRUST)),
    "previous reward": (PreviousActionReward(action=False), Spec(VECTOR, THRUST)),
    "previous nested": (PreviousActionReward(), Spec(NESTED, ACTS)),
    "map action": (MapAction(lambda x: 0.5 * x, THRUST), Spec(VECTOR, THRUST)),
    "clip reward": (ClipReward(0.5), Spec(NESTED, TWO)),
    "scale reward": (ScaleReward(-2), Spec(NESTED, TWO)),
    "shape reward": (ShapeReward(shaped), Spec(VECTOR, THRUST)),
    "shape nested": (ShapeReward(lambda *x: x[2] + x[3]["place"]), Spec(NESTED, ACTS)),
}


@pytest.mark.parametrize("case", CASES)
def test_wrappers_keep_their_contract(case):
    check_wrapper(*CASES[case])


@pytest.mark.parametrize("case", [case for case in CASES if "nested" in case or "some" in case or "part" in case])
def test_masks_and_lists_stay(case):
    wrapper, spec = CASES[case]
    layers, said = Layers(spec, (wrapper,)), step_of(NESTED, 0)
    told, _ = layers.observe(layers.start(2), said)
    assert layers.spec.observation["action_mask"] == NESTED["action_mask"]
    np.testing.assert_array_equal(told.observation["action_mask"], said.observation["action_mask"])
    if "friends" in layers.spec.observation:
        assert layers.spec.observation["friends"] == NESTED["friends"]


def step_of(space: Any, seed: int) -> TimeStep:
    """A step of two lanes in the midst of their episodes."""
    observation = jax.tree.map(np.asarray, observations(space, jax.random.key(seed), (2,)))
    yes, one = np.ones(2, bool), np.ones(2, np.float32)
    return TimeStep(observation, ~yes, yes, 3.0 * one, one)


def tell(wrappers: tuple, spec: Spec, steps: list[TimeStep], actions: Any = None) -> list[TimeStep]:
    """What the policy is told of the steps, the action before each being that of `actions`."""
    layers, told = Layers(spec, wrappers), []
    memories = layers.start(len(steps[0].is_first))
    for t, step in enumerate(steps):
        if actions is not None and t:
            _, memories = layers.act(memories, actions[t - 1])
        step, memories = layers.observe(memories, step)
        told.append(step)
    return told


def line(*firsts: int, reward: Any = 1.0, over: tuple[int, ...] = ()) -> list[TimeStep]:
    """One lane that sees 1, 2, 3, ... and begins episodes where told; those `over` end for good."""
    steps, one = [], np.ones(1, np.float32)
    for t, first in enumerate(firsts):
        now = np.array([[t + 1.0]], np.float32)
        discount = 0.0 * one if t in over else one
        steps.append(TimeStep(now, np.array([bool(first)]), one == 1.0, one * (0.0 if first else reward), discount))
    return steps


def test_stacks_are_filled_by_the_first_and_forget_the_episode_before():
    told = tell((Stack(3),), Spec(Box((1,)), TWO), line(1, 0, 0, 0, 1, 0))
    expected = [[1, 1, 1], [1, 1, 2], [1, 2, 3], [2, 3, 4], [5, 5, 5], [5, 5, 6]]
    np.testing.assert_array_equal([step.observation[0] for step in told], expected)


def test_stacked_bounds_are_those_of_every_place():
    space = Layers(Spec(VECTOR, TWO), (Stack(2),)).spec.observation
    assert space == Box((6,), "float32", (-1.0, -2.0, -3.0) * 2, (1.0, 2.0, 3.0) * 2, stacked=2)
    assert Layers(Spec(IMAGE, TWO), (Stack(2),)).spec.observation == Box((6, 5, 4), "uint8", 0.0, 255.0, stacked=2)


def test_crops_leave_out_the_edges():
    said = step_of(IMAGE, 0)
    [told] = tell((Crop(1, 2, 3, 0),), Spec(IMAGE, TWO), [said])
    np.testing.assert_array_equal(told.observation, said.observation[:, 1:4, 3:5])


def test_entries_are_kept_in_their_order():
    said = step_of(VECTOR, 0)
    [told] = tell((Entries((2, 0)),), Spec(VECTOR, TWO), [said])
    np.testing.assert_array_equal(told.observation, said.observation[:, [2, 0]])
    assert Layers(Spec(VECTOR, TWO), (Entries((2, 0)),)).spec.observation == Box((2,), "float32", (-3.0, -1.0), (3.0, 1.0))


def test_indicators_of_several_choices():
    step = step_of(Discrete(2), 0)._replace(observation=np.array([[1, 2], [0, 0]]))
    [told] = tell((OneHot(),), Spec(MultiDiscrete((2, 3)), TWO), [step])
    np.testing.assert_array_equal(told.observation, [[0, 1, 0, 0, 1], [1, 0, 1, 0, 0]])


def test_flat_observations_have_every_number_in_the_order_of_names():
    space = Dict({"b": Box((1, 2)), "a": Discrete(2), "c": Box((1,), "uint8", 0.0, 255.0), "d": Repeated(Box((1,)), 2)})
    lists = {"count": np.array([1]), "items": np.array([[[7.0], [0.0]]], np.float32)}
    seen = {"b": np.array([[[3.0, 4.0]]]), "a": np.array([1]), "c": np.array([[51]], np.uint8), "d": lists}
    [told] = tell((Flatten(),), Spec(space, TWO), [line(1)[0]._replace(observation=seen)])
    np.testing.assert_allclose(told.observation, [[0, 1, 3, 4, 0.2, 0, 1, 0, 7, 0]], rtol=1e-6)


def test_a_mask_beside_the_only_part_is_not_the_functions_concern():
    space = Dict({"observation": VECTOR, "action_mask": MultiBinary((2,))})
    wrapper = MapObservation(double, Box((3,), low=-6.0, high=6.0))
    said = step_of(space, 0)
    [told] = tell((wrapper,), Spec(space, TWO), [said])
    np.testing.assert_array_equal(told.observation["observation"], 2 * said.observation["observation"])
    assert Layers(Spec(space, TWO), (wrapper,)).spec.observation["observation"] == wrapper.space


def test_the_previous_action_and_reward_are_shown_and_forgotten():
    actions = [np.array([a]) for a in (1, 0, 1, 1)]
    told = tell((PreviousActionReward(),), Spec(Box((1,)), TWO), line(1, 0, 0, 1, 0, reward=4.0), actions)
    assert [int(step.observation["previous_action"][0]) for step in told] == [0, 1, 0, 0, 1]
    assert [float(step.observation["previous_reward"][0]) for step in told] == [0, 4, 4, 0, 4]
    assert [float(step.observation["observation"][0, 0]) for step in told] == [1, 2, 3, 4, 5]


def test_previous_thrust_is_what_the_environment_took():
    told = tell((PreviousActionReward(),), Spec(Box((1,)), THRUST), line(1, 0), [np.array([[0.5, -7.0]], np.float32)])
    np.testing.assert_array_equal(told[1].observation["previous_action"], [[0.5, -1.0]])


def test_rewards_are_clipped_and_scaled_in_order():
    steps = line(1, 0, reward=4.0)
    spec = Spec(Box((1,)), TWO)
    assert tell((ClipReward(1.0), ScaleReward(3.0)), spec, steps)[1].reward == 3.0
    assert tell((ScaleReward(3.0), ClipReward(1.0)), spec, steps)[1].reward == 1.0


def test_a_potential_changes_no_episodes_discounted_return():
    steps, actions = line(1, 0, 0, 0, reward=1.0, over=(3,)), [np.zeros((1, 2), np.float32)] * 3
    told = tell((ShapeReward(shaped),), Spec(Box((1,)), THRUST), steps, actions)
    total = sum(0.9**t * float(step.reward[0]) for t, step in enumerate(told[1:]))
    plain = sum(0.9**t for t in range(3))
    assert total == pytest.approx(plain - 1.0)  # less the potential of the first observation, which no choice changes
    cut = tell((ShapeReward(shaped),), Spec(Box((1,)), THRUST), line(1, 0, 0, 0), actions)
    assert float(cut[3].reward[0]) == pytest.approx(1.0 + 0.9 * 4.0 - 3.0)  # cut off, it could have gone on


def test_shapers_see_action_and_both_observations():
    see = ShapeReward(lambda before, action, reward, after, discount: 100 * before[:, 0] + 10 * action + after[:, 0])
    told = tell((see,), Spec(Box((1,)), TWO), line(1, 0, 0, 1, 0), [np.array([a]) for a in (1, 0, 1, 1)])
    assert [float(step.reward[0]) for step in told] == [0.0, 112.0, 203.0, 0.0, 415.0]


def test_mapped_actions_reach_the_environment_and_those_within_are_told_so():
    table = np.array([[-1.0, 0.0], [1.0, 0.5]], np.float32)
    layers = Layers(Spec(VECTOR, THRUST), (PreviousActionReward(), MapAction(lambda a: table[a], Discrete(2))))
    assert layers.spec.action == Discrete(2)
    memories = layers.start(2)
    taken, memories = layers.act(memories, np.array([1, 0]))
    np.testing.assert_array_equal(taken, table[[1, 0]])
    told, _ = layers.observe(memories, step_of(VECTOR, 0))
    np.testing.assert_array_equal(told.observation["previous_action"], table[[1, 0]])


FLAT = Spec(VECTOR, TWO)
DICE = np.random.default_rng()


@pytest.mark.parametrize(
    ("make", "spec", "told"),
    [
        (lambda: Entries((0,)), Spec(IMAGE, TWO), "Entries finds nothing to change"),
        (lambda: Entries((3,)), FLAT, "entries 0 to 2 to keep, not \\(3,\\)"),
        (lambda: Entries(()), FLAT, "entries 0 to 2 to keep"),
        (lambda: Entries((0,), only=("place",)), Spec(NESTED, TWO), "Entries cannot serve 'place', which is Discrete"),
        (lambda: Stack(2, only=("camra",)), Spec(NESTED, TWO), "no part 'camra'; there is 'camera/left', 'camera/right'"),
        (lambda: Stack(2, only=("action_mask",)), Spec(NESTED, TWO), "no part 'action_mask'"),
        (lambda: Stack(0), FLAT, "count is 0"),
        (lambda: Crop(top=3, bottom=3), Spec(IMAGE, TWO), "leaves nothing of an image"),
        (lambda: Crop(top=-1), Spec(IMAGE, TWO), "less than nothing"),
        (lambda: Crop(top=1), FLAT, "Crop finds nothing to change"),
        (lambda: Clip(1.0, -1.0), FLAT, "low is 1.0"),
        (lambda: OneHot(), FLAT, "OneHot finds nothing"),
        (lambda: PreviousActionReward(False, False), FLAT, "shows nothing"),
        (
            lambda: PreviousActionReward(),
            Spec(Dict({"previous_reward": VECTOR}), TWO),
            "already has a part 'previous_reward'",
        ),
        (lambda: MapAction(double, TWO), Spec(NESTED, TWO), "does not fit the new actions"),
        (lambda: ClipReward(0.0), FLAT, "limit is 0.0"),
        (lambda: ShapeReward(lambda *x: x[3]), FLAT, "not one reward a lane"),
    ],
)
def test_what_cannot_be_wrapped_is_told(make, spec, told):
    with pytest.raises(ValueError, match=told):
        tell((make(),), spec, [step_of(spec.observation, 0)])


@dataclasses.dataclass(frozen=True)
class Own:
    """A wrapper of one function, to be spoiled."""

    function: Any
    spec, start, act = same_spec, no_memory, same_action

    def observe(self, spec, memory, step):
        return step._replace(observation=self.function(step)), memory


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda step: step.observation[:, :2], "the spec says \\(3, 3\\)"),
        (lambda step: step.observation + 100.0, "outside the spec"),
        (lambda step: step.observation.astype("float64"), "convert it with"),
        (lambda step: step.observation[::-1], "among others, and alone"),
        (lambda step: jax.numpy.asarray(step.observation), "makes JAX of NumPy"),
        (lambda step: step.observation * DICE.random(), "run twice"),
    ],
)
def test_faults_of_wrappers_are_told(function, told):
    with pytest.raises(AssertionError, match=told):
        check_wrapper(Own(function), FLAT)
