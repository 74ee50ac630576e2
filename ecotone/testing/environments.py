"""Contract checks of environments and streams."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.compiled import CompiledStream
from ecotone.envs.stepwise import Stepwise
from ecotone.protocols import Environment, Stream
from ecotone.spec import Spec, to_environment
from ecotone.testing.elements import check_elements
from ecotone.testing.samples import actions
from ecotone.testing.trees import assert_same_types, assert_same_values
from ecotone.trajectory import TimeStep

Key = Any


def check_environment(environment: Environment, steps: int = 100, key: Key = None) -> None:
    """Assert that a compiled environment keeps its contract, over `steps` random decisions.

    The spec is a hashable value; `reset` and `step` are pure, give observations of the spec's type and bounds, scalar
    finite rewards and scalar flags, and keep the state's tree fixed, so that a scan and a `vmap` can run them.

    Raises:
        AssertionError: what is wrong, and what to do.
    """
    name, key = type(environment).__name__, jax.random.key(0) if key is None else key
    assert isinstance(environment, Environment), f"{name} needs `spec`, `reset(key)` and `step(state, action, key)`."
    spec = check_spec(environment.spec, name)
    key_reset, key_action, key_step = jax.random.split(key, 3)
    state, observation = environment.reset(key_reset)
    check_elements(spec.observation, observation, (), f"{name}.reset")
    assert_same_values((state, observation), environment.reset(key_reset), f"{name}.reset with the same key")
    assert_same_values((state, observation), jax.jit(environment.reset)(key_reset), f"{name}.reset under jit", 1e-5)

    action = to_environment(spec.action, actions(spec.action, key_action, ()))
    first = environment.step(state, action, key_step)
    check_step(environment, state, observation, first, name)
    assert_same_values(first, environment.step(state, action, key_step), f"{name}.step with the same arguments")
    assert_same_values(first, jax.jit(environment.step)(state, action, key_step), f"{name}.step under jit", 1e-5)
    check_run(environment, steps, key_step, name)


def check_spec(spec: Spec, name: str) -> Spec:
    """Assert that a spec is one, and hashable; return it."""
    assert isinstance(spec, Spec), f"{name}.spec is a {type(spec).__name__}, not an ecotone.spec.Spec."
    try:
        hash(spec)
    except TypeError as error:
        raise AssertionError(f"{name}.spec is not hashable ({error}); give bounds and sizes as tuples.") from error
    return spec


def check_step(environment: Environment, state: Any, observation: Any, stepped: tuple, name: str) -> None:
    """Assert that what `step` gave has the right shapes and types."""
    assert len(stepped) == 5, f"{name}.step gives {len(stepped)} things, not (state, observation, reward, two flags)."
    following, seen, reward, terminated, truncated = stepped
    assert_same_types(state, following, f"{name}: state from reset to step")
    assert_same_types(observation, seen, f"{name}: observation from reset to step")
    assert jnp.shape(reward) == (), f"{name}.step: the reward has the shape {jnp.shape(reward)}; it is one number."
    for flag, value in (("terminated", terminated), ("truncated", truncated)):
        described = (jnp.shape(value), str(jnp.asarray(value).dtype))
        assert described == ((), "bool"), f"{name}.step: {flag} is {described}, not one bool; compare or `astype(bool)`."


def check_run(environment: Environment, steps: int, key: Key, name: str) -> None:
    """Assert that many random decisions in two copies stay within the spec's bounds, with finite rewards."""

    def once(state: Any, key: Key) -> tuple[Any, Any]:
        key_action, key_step, key_reset = jax.random.split(key, 3)
        action = to_environment(environment.spec.action, actions(environment.spec.action, key_action, ()))
        state, observation, reward, terminated, truncated = environment.step(state, action, key_step)
        anew = environment.reset(key_reset)[0]
        over = jnp.logical_or(terminated, truncated)
        state = jax.tree.map(lambda x, y: jnp.where(over, x, y), anew, state)
        return state, (observation, reward)

    def run(key: Key) -> Any:
        return jax.lax.scan(once, environment.reset(key)[0], jax.random.split(key, steps))[1]

    observation, reward = jax.jit(jax.vmap(run))(jax.random.split(key, 2))
    check_elements(environment.spec.observation, observation, (2, steps), f"{name}.step")
    assert np.isfinite(reward).all(), f"{name}.step: a reward is not finite; look for divisions by zero and logarithms."


def check_stream(stream: Stream, steps: int, key: Key = None) -> list[TimeStep]:
    """Assert that a stream keeps the rows' grammar over `steps` random actions in every lane.

    Every lane begins with `is_first`; after a row that does not ask comes `is_first`, and it comes at no other time;
    what begins an episode brings no reward and discount 1; discount 0 only with an end; shapes and dtypes are fixed and
    the spec's.

    Returns:
        What it showed, NumPy arrays.

    Raises:
        AssertionError: what is wrong, in which lane and at which step.
    """
    name, key = type(stream).__name__, jax.random.key(0) if key is None else key
    assert isinstance(stream, Stream), f"{name} needs `spec`, `lanes`, `start(key)` and `step(state, action)`."
    spec = check_spec(stream.spec, name)
    stream = Stepwise(stream) if isinstance(stream, CompiledStream) else stream
    state, now = stream.start(key)
    check_time_step(stream, now, f"{name}.start")
    first, asks = np.asarray(now.is_first), np.asarray(now.asks)
    assert (first & asks).all(), f"{name}.start: every lane begins an episode (is_first) and asks for an action."
    told = [jax.tree.map(np.asarray, now)]
    for t, key_action in enumerate(jax.random.split(key, steps)):
        where = f"{name}.step, step {t}"
        state, following = stream.step(state, actions(spec.action, key_action, (stream.lanes,)))
        check_time_step(stream, following, where)
        check_grammar(now, following, where)
        now = following
        told.append(jax.tree.map(np.asarray, now))
    return told


def check_time_step(stream: Stream, now: TimeStep, where: str) -> None:
    """Assert shapes, dtypes and values of one step of all lanes."""
    assert isinstance(now, TimeStep), f"{where}: gives a {type(now).__name__}, not an ecotone.trajectory.TimeStep."
    check_elements(stream.spec.observation, now.observation, (stream.lanes,), where)
    for field, dtype in (("is_first", "bool"), ("asks", "bool"), ("reward", "float32"), ("discount", "float32")):
        value = getattr(now, field)
        described, wanted = (tuple(np.shape(value)), str(value.dtype)), ((stream.lanes,), dtype)
        assert described == wanted, f"{where}: `{field}` is {described}, but must be {wanted}."
    assert np.isfinite(now.reward).all(), f"{where}: a reward is not finite."


def check_grammar(now: TimeStep, following: TimeStep, where: str) -> None:
    """Assert that a step may follow another by the rows' grammar."""
    asked, asks, first, reward, discount = (
        np.asarray(x) for x in (now.asks, following.asks, following.is_first, following.reward, following.discount)
    )
    rules = (
        (first | asked, "the row before did not ask, so this one must be is_first"),
        (~first | ~asked, "is_first although the row before asked: show the final observation first, without asking"),
        ((discount == 0) | (discount == 1), "a discount is neither 0 nor 1"),
        ((discount == 1) | ~asks, "discount 0 on a row that asks: a terminated episode shows its end and asks nothing"),
        (~first | (discount == 1), "discount 0 on a row that begins an episode"),
        (~first | (reward == 0), "a reward on a row that begins an episode: nothing was chosen before it"),
    )
    for holds, broken in rules:
        assert holds.all(), f"{where}: lane {int(np.argmin(holds))}: {broken}."
