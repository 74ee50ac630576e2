"""Greedy episodes on environments of their own."""

import time
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.protocols import Acting, Key, Params
from ecotone.runtime.collect import whole
from ecotone.runtime.events import Evaluated
from ecotone.teams import Counting
from ecotone.trajectory import TimeStep, Tree


class Chooser(Protocol):
    """What `evaluate_stream` needs of a policy."""

    def initial_memory(self, lanes: int) -> Tree: ...

    def act(self, now: TimeStep, memory: Tree) -> tuple[Any, Tree]: ...


def evaluate_stream(policy: Chooser, stream: Any, episodes: int, steps: int) -> Evaluated:
    """Episodes of a stream stepped in this process; every lane plays the same number, so that short ones do not crowd in.

    Arguments:
        policy: chooses the actions.
        stream: fresh, with a number of lanes that divides `episodes`.
        episodes: how many to play.
        steps: environment steps of training so far, for the record.
    """
    began = time.perf_counter()
    per_lane = episodes // stream.lanes
    returns, lengths = [[] for _ in range(stream.lanes)], [[] for _ in range(stream.lanes)]
    state, now = stream.start(None)
    total, length = np.zeros(np.shape(whole(now.reward))), np.zeros(stream.lanes, int)
    memory = policy.initial_memory(stream.lanes)
    while min(map(len, returns)) < per_lane:
        asked = np.asarray(whole(now.asks))
        action, memory = policy.act(now, memory)
        state, now = stream.step(state, action)
        total += np.asarray(whole(now.reward))
        length += asked
        for lane in np.flatnonzero(asked & ~np.asarray(whole(now.asks))):
            if len(returns[lane]) < per_lane:
                returns[lane].append(total[lane].copy())
                lengths[lane].append(int(length[lane]))
            total[lane] = length[lane] = 0
    flat = lambda lists: tuple(x for one in lists for x in one)
    return _evaluated(stream, steps, np.array(flat(returns)), flat(lengths), time.perf_counter() - began)


def _evaluated(
    stream: Any, steps: int, returns: np.ndarray, lengths: Any, seconds: float, counts: dict[str, Any] | None = None
) -> Evaluated:
    """What episodes came to, whose returns are `[episodes]`, or of many agents `[episodes, N]`, and counts `[episodes]`."""
    plain = lambda by_name: {name: tuple(map(float, got)) for name, got in by_name.items()}
    total, agents, groups = returns, None, None
    if returns.ndim > 1:
        total, (agents, groups) = returns.sum(1), map(plain, stream.shares(returns))
    told = plain(counts) if counts else None
    return Evaluated(steps, tuple(map(float, total)), tuple(map(int, lengths)), seconds, agents, groups, told)


class CompiledEvaluation:
    """One episode in each of a compiled stream's lanes, as one program."""

    def __init__(self, algorithm: Acting, stream: Any, explore: bool = False) -> None:
        self._run = jax.jit(partial(_play, explore))
        self._constants = (algorithm, stream)

    def __call__(self, params: Params, key: Key, steps: int) -> Evaluated:
        """Play with the given parameters."""
        began = time.perf_counter()
        returns, lengths, counts = jax.tree.map(np.asarray, self._run(*self._constants, params, key))
        return _evaluated(self._constants[1], steps, returns, lengths, time.perf_counter() - began, counts)


def _play(explore: bool, algorithm: Acting, stream: Any, params: Params, key: Key) -> tuple[Any, Any, Any]:
    key_start, key_act = jax.random.split(key)
    state, now = stream.start(key_start)
    happened = lambda state: stream.counts(state) if isinstance(stream, Counting) else {}

    def going(carry: tuple) -> Any:
        return carry[-1].any()

    def step(carry: tuple) -> tuple:
        t, state, now, memory, returns, lengths, counts, alive = carry
        key = jax.random.fold_in(key_act, t)
        chosen = algorithm.act(params, now.observation, now.is_first, memory, key, explore)
        action, _, memory = chosen
        state, now = stream.step(state, action)
        reward = whole(now.reward)
        returns = returns + alive.reshape(-1, *(1,) * (reward.ndim - 1)) * reward
        counts = {name: counts[name] + alive * count for name, count in happened(state).items()}
        return t + 1, state, now, memory, returns, lengths + alive, counts, alive & whole(now.asks)

    lengths, returns = jnp.zeros(stream.lanes, jnp.int32), jnp.zeros_like(whole(now.reward))
    counts = jax.tree.map(jnp.zeros_like, happened(state))
    memory, zero = algorithm.initial_memory(stream.lanes), jnp.zeros((), jnp.int32)
    return jax.lax.while_loop(going, step, (zero, state, now, memory, returns, lengths, counts, whole(now.asks)))[4:7]
