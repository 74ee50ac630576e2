"""Intrinsic rewards: novelty within an episode, and errors of predictions. Networks stay outside: features come in."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.ops.arrays import same_shape

Array = Any


class Neighbours(NamedTuple):
    """Nearest points of each query: `index` int and squared Euclidean `distance`, both `[..., count]`, nearest first.

    Cover & Hart 1967.

    >>> Neighbours(jnp.zeros(1, int), jnp.ones(1)).distance.tolist()
    [1.0]
    """

    index: Array
    distance: Array


def nearest(points: Array, queries: Array, count: int) -> Neighbours:
    """The `count` nearest of M points `[M, D]` to each query `[..., D]`, or all M if there are fewer (Cover & Hart 1967).

    >>> found = nearest(jnp.asarray([[0.0, 0.0], [7.5, 1.0], [40.0, 40.0]]), jnp.asarray([7.5, 0.0]), 2)
    >>> found.index.tolist(), found.distance.tolist()
    ([1, 0], [1.0, 56.25])
    """
    same_shape(point=points.shape[1:], query=queries.shape[-1:])
    distance = jnp.square(queries[..., None, :] - points).sum(-1)
    negative, index = jax.lax.top_k(-distance, min(count, points.shape[0]))
    return Neighbours(index, -negative)


class EpisodicMemory(NamedTuple):
    """What one lane saw in this episode, for `episodic_bonus` (arXiv:2002.06038); `jax.vmap` over lanes.

    Attributes:
        points: embeddings `[capacity, D]`, a ring.
        count: embeddings written in this episode, int32.
        distance: running mean of squared distances to neighbours; it lasts over episodes.
        seen: distances in that mean, float32.

    >>> EpisodicMemory(jnp.zeros((4, 2)), jnp.asarray(0), jnp.asarray(0.0), jnp.asarray(0.0)).points.shape
    (4, 2)
    """

    points: Array
    count: Array
    distance: Array
    seen: Array


def episodic_memory(capacity: int, size: int) -> EpisodicMemory:
    """An empty memory for embeddings `[capacity, size]` (arXiv:2002.06038).

    >>> int(episodic_memory(8, 2).count)
    0
    """
    zero = jnp.zeros((), jnp.float32)
    return EpisodicMemory(jnp.zeros((capacity, size), jnp.float32), jnp.zeros((), jnp.int32), zero, zero)


def forget_episode(memory: EpisodicMemory, is_first: Array) -> EpisodicMemory:
    """The memory without its points where an episode begins (`is_first` `[]` bool); the mean distance stays.

    arXiv:2002.06038, algorithm 1.

    >>> from ecotone.ops.curiosity import episodic_bonus, episodic_memory
    >>> memory = episodic_bonus(episodic_memory(8, 2), jnp.ones(2))[1]
    >>> int(forget_episode(memory, jnp.asarray(True)).count)
    0
    """
    return memory._replace(count=jnp.where(is_first, 0, memory.count))


def episodic_bonus(
    memory: EpisodicMemory, embedding: Array, neighbours: int = 10, kernel: Array = 1e-3, cluster: Array = 8e-3,
    constant: Array = 1e-3, most: Array = 8.0,
) -> tuple[Array, EpisodicMemory]:  # fmt: skip
    """`(bonus, memory)` of one embedding `[D]` at t: 1 / its similarity to this episode's (arXiv:2002.06038, algorithm 1).

    The similarity is √(Σ K) + `constant` over the nearest `neighbours`, K = ε / (d² / mean d² + ε). The bonus is 0 for an
    episode's first embedding, and carries no gradient.

    Arguments:
        memory: before the embedding; the one returned holds it too.
        embedding: controllable features of the observation, `[D]`.
        neighbours: k; fewer while the episode has fewer.
        kernel: ε, larger makes far things alike.
        cluster: normalised distances below it count as 0.
        constant: keeps the bonus below its inverse.
        most: similarity above which the bonus is 0.

    >>> from ecotone.ops.curiosity import episodic_memory
    >>> memory = episodic_bonus(episodic_memory(8, 2), jnp.zeros(2))[1]
    >>> bonus, memory = episodic_bonus(memory, jnp.zeros(2))
    >>> round(float(bonus), 3), int(memory.count)
    (0.999, 2)
    """
    embedding = jax.lax.stop_gradient(embedding)
    capacity = memory.points.shape[0]
    same_shape(point=memory.points.shape[1:], embedding=embedding)
    written = jnp.arange(capacity) < memory.count
    distance = jnp.where(written, jnp.square(memory.points - embedding).sum(-1), jnp.inf)
    near = -jax.lax.top_k(-distance, min(neighbours, capacity))[0]
    found = jnp.isfinite(near)
    near = jnp.where(found, near, 0.0)
    seen = memory.seen + found.sum()
    mean = memory.distance + (near - memory.distance * found).sum() / jnp.maximum(seen, 1.0)
    normalised = jnp.maximum(near / jnp.where(mean > 0, mean, 1.0) - cluster, 0.0)
    similarity = jnp.sqrt((found * kernel / (normalised + kernel)).sum()) + constant
    bonus = jnp.where(found.any() & (similarity <= most), 1.0 / similarity, 0.0)
    points = memory.points.at[memory.count % capacity].set(embedding)
    return bonus, EpisodicMemory(points, memory.count + 1, mean, seen)


class Curiosity(NamedTuple):
    """An intrinsic reward and what teaches its network, both `[...]` (arXiv:1810.12894).

    Attributes:
        bonus: the reward; it carries no gradient.
        loss: of the predictor.

    >>> Curiosity(jnp.zeros(2), jnp.zeros(2)).bonus.tolist()
    [0.0, 0.0]
    """

    bonus: Array
    loss: Array


def rnd(predicted: Array, random: Array) -> Curiosity:
    """Random network distillation: the mean squared error is bonus and loss (arXiv:1810.12894, section 2.2).

    Scale the bonus by the running deviation of its returns, and normalise the observations (section 2.4).

    Arguments:
        predicted: features of the observation at t + 1 by the learning network, `[..., F]`.
        random: features by the random network that never learns, `[..., F]`; no gradient goes through them.

    >>> rnd(jnp.asarray([1.0, 3.0]), jnp.zeros(2)).bonus.tolist()
    5.0
    """
    same_shape(predicted=predicted, random=random)
    error = jnp.square(predicted - jax.lax.stop_gradient(random)).mean(-1)
    return Curiosity(jax.lax.stop_gradient(error), error)


class ICM(NamedTuple):
    """The intrinsic curiosity module's reward and losses, all `[...]`; `loss` is (1 − β)·inverse + β·forward.

    arXiv:1705.05363.

    >>> ICM(*[jnp.zeros(2)] * 4).loss.tolist()
    [0.0, 0.0]
    """

    bonus: Array
    loss: Array
    forward: Array
    inverse: Array


def icm(predicted: Array, following: Array, log_prob: Array, scale: Array = 1.0, weight: Array = 0.2) -> ICM:
    """Curiosity: the error in predicting features that the own actions explain (arXiv:1705.05363, eq. 2 to 7).

    Arguments:
        predicted: φ̂ of the observation at t + 1 from φ and the action at t, `[..., F]`.
        following: φ of the observation at t + 1, `[..., F]`; a target, it learns through `log_prob` only.
        log_prob: log-probability of the action at t under the inverse model, given φ at t and t + 1, `[...]`.
        scale: η; the bonus is η/2 ‖φ̂ − φ‖².
        weight: β in [0, 1] of the forward loss.

    >>> curious = icm(jnp.asarray([1.0, 1.0]), jnp.zeros(2), jnp.asarray(-0.5), scale=2.0)
    >>> float(curious.bonus), float(curious.forward), round(float(curious.loss), 3)
    (2.0, 1.0, 0.6)
    """
    same_shape(predicted=predicted, following=following)
    same_shape(predicted_without_features=predicted.shape[:-1], log_prob=log_prob)
    forward = 0.5 * jnp.square(predicted - jax.lax.stop_gradient(following)).sum(-1)
    loss = weight * forward - (1.0 - weight) * log_prob
    return ICM(scale * jax.lax.stop_gradient(forward), loss, forward, -log_prob)
