"""Numbers that follow a stream: running moments, moving averages, PopArt. States are arrays, settings are frozen."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.ops import devices
from ecotone.ops.arrays import namespace, same_shape

Array = Any
Tree = Any


def _weights(batch: Array, like: Array, acted: Array | None) -> Array:
    """1 for each entry that counts and 0 for the others, over the leading axes of `batch`, then ones to broadcast."""
    leading = batch.shape[: batch.ndim - like.ndim]
    same_shape(**{"entries of the batch": batch.shape[len(leading) :], "entries of the state": like})
    if acted is None:
        return jnp.ones(leading + (1,) * like.ndim, like.dtype)
    same_shape(**{"leading axes of the batch": leading, "acted": acted})
    return acted.astype(like.dtype).reshape(leading + (1,) * like.ndim)


def _axes(batch: Array, like: Array) -> tuple[int, ...]:
    return tuple(range(batch.ndim - like.ndim))


def _unzip(tree: Tree, pairs: Tree) -> tuple[Tree, Tree]:
    """A tree of pairs, shaped as `tree`, as two trees."""
    return jax.tree.transpose(jax.tree.structure(tree), jax.tree.structure((0, 0)), pairs)


class Moments(NamedTuple):
    """What has been seen: `count` of entries `[]`, and their `mean` and `spread` (sum of squared deviations), trees `[...]`.

    Chan et al. 1983.

    >>> Moments(jnp.asarray(0.0), mean=jnp.zeros(3), spread=jnp.zeros(3)).count.item()
    0.0
    """

    count: Array
    mean: Tree
    spread: Tree


@frozen
class RunningNormaliser:
    """Shift and scale to mean 0 and variance 1 over all entries so far, on trees of arrays (Welford 1962; Chan et al. 1983).

    Entries `[...]` are those of the example given to `init`; batches have any leading axes before them.

    >>> scaler = RunningNormaliser()
    >>> seen = scaler.update(scaler.init(jnp.zeros(())), jnp.asarray([1.0, 3.0, 99.0]), jnp.asarray([True, True, False]))
    >>> scaler.apply(seen, jnp.asarray([1.0, 2.0, 3.0])).round(3).tolist()
    [-1.0, 0.0, 1.0]
    """

    clip: float = 10.0
    """Largest size of a normalised number; usually 5 to 10."""
    epsilon: float = 1e-8
    """Added to the variance; keeps what never changes finite."""

    def init(self, example: Tree) -> Moments:
        """Nothing seen: entries are left as they are. `example` is one entry, a tree of `[...]`."""
        zeros = jax.tree.map(lambda x: jnp.zeros(jnp.shape(x), jnp.float32), example)
        return Moments(jnp.zeros((), jnp.float32), zeros, zeros)

    def update(self, seen: Moments, batch: Tree, acted: Array | None = None) -> Moments:
        """Join the entries of a batch `[leading..., ...]` for which `acted` `[leading...]` is true; none means all."""

        def join(mean: Array, spread: Array, x: Array) -> tuple[Array, Array]:
            weight, axes = _weights(x, mean, acted), _axes(x, mean)
            count = devices.total(weight.sum())
            theirs = devices.total((weight * x).sum(axes)) / jnp.maximum(count, 1.0)
            deviation = devices.total((weight * jnp.square(x - theirs)).sum(axes))
            part = count / jnp.maximum(count + seen.count, 1.0)
            shift = theirs - mean
            return mean + part * shift, spread + deviation + jnp.square(shift) * seen.count * part

        mean, spread = _unzip(seen.mean, jax.tree.map(join, seen.mean, seen.spread, batch))
        first, like = jax.tree.leaves(batch)[0], jax.tree.leaves(seen.mean)[0]
        return Moments(seen.count + devices.total(_weights(first, like, acted).sum()), mean, spread)

    def deviation(self, seen: Moments) -> Tree:
        """Standard deviations, trees of `[...]`; 1 before anything is seen. Works on NumPy arrays too."""

        def root(spread: Array) -> Array:
            xp = namespace(spread)
            variance = spread / xp.maximum(seen.count, 1.0)
            return xp.sqrt(xp.where(seen.count > 0, variance, 1.0) + self.epsilon)

        return jax.tree.map(root, seen.spread)

    def apply(self, seen: Moments, entries: Tree) -> Tree:
        """Entries `[leading..., ...]` normalised and clipped."""
        scale = lambda x, mean, deviation: ((x - mean) / deviation).clip(-self.clip, self.clip)
        return jax.tree.map(scale, entries, seen.mean, self.deviation(seen))

    def invert(self, seen: Moments, entries: Tree) -> Tree:
        """What `apply` was given, for entries that it did not clip."""
        return jax.tree.map(lambda x, mean, deviation: x * deviation + mean, entries, seen.mean, self.deviation(seen))


class Averages(NamedTuple):
    """Moving averages of entries and of their squares, trees `[...]`, and the product of all decays so far, `[]`.

    arXiv:1412.6980, section 3.

    >>> Averages(mean=jnp.zeros(3), square=jnp.zeros(3), decays=jnp.ones(())).decays.item()
    1.0
    """

    mean: Tree
    square: Tree
    decays: Array


@frozen
class ExponentialMoments:
    """Moving mean and variance of entries `[...]`, free of the bias to 0 at the start (arXiv:1412.6980, section 3).

    >>> average = ExponentialMoments(0.5)
    >>> seen = average.update(average.init(jnp.zeros(())), jnp.asarray([4.0, 6.0]))
    >>> [x.item() for x in average.moments(seen)]
    [5.0, 1.0]
    """

    decay: float = 0.999
    """Part that stays at each update; usually 0.99 to 0.9999."""

    def init(self, example: Tree) -> Averages:
        """Nothing seen; `example` is one entry, a tree of `[...]`."""
        zeros = jax.tree.map(lambda x: jnp.zeros(jnp.shape(x), jnp.float32), example)
        return Averages(zeros, zeros, jnp.ones((), jnp.float32))

    def update(self, seen: Averages, batch: Tree, acted: Array | None = None) -> Averages:
        """Move towards the mean of a batch `[leading..., ...]` over the entries with `acted`; without any nothing moves."""

        def move(average: Array, x: Array) -> Array:
            weight = _weights(x, average, acted)
            count = devices.total(weight.sum())
            mean = devices.total((weight * x).sum(_axes(x, average))) / jnp.maximum(count, 1.0)
            return jnp.where(count > 0, average + (1.0 - self.decay) * (mean - average), average)

        counts = True if acted is None else devices.total(acted.sum()) > 0
        mean = jax.tree.map(move, seen.mean, batch)
        square = jax.tree.map(move, seen.square, jax.tree.map(jnp.square, batch))
        return Averages(mean, square, jnp.where(counts, seen.decays * self.decay, seen.decays))

    def moments(self, seen: Averages) -> tuple[Tree, Tree]:
        """Mean and variance, trees of `[...]`; both 0 before anything is seen."""
        whole = jnp.maximum(1.0 - seen.decays, jnp.finfo(jnp.float32).tiny)
        mean = jax.tree.map(lambda x: x / whole, seen.mean)
        return mean, jax.tree.map(lambda x, m: jnp.maximum(x / whole - jnp.square(m), 0.0), seen.square, mean)


class Scales(NamedTuple):
    """Moving mean and mean square of the targets of K outputs, `[K]` each (arXiv:1602.07714).

    >>> Scales(mean=jnp.zeros(2), square=jnp.ones(2)).square.tolist()
    [1.0, 1.0]
    """

    mean: Array
    square: Array


@frozen
class PopArt:
    """Targets normalised for each of K outputs `[K]`, outputs preserved precisely (arXiv:1602.07714; arXiv:1809.04474).

    A network predicts normalised values; `update` (ART) follows the targets and `preserve` (POP) changes the last layer
    such that `invert` of its output is what it was.

    >>> popart, before = PopArt(step_size=0.5), PopArt().init(1)
    >>> after = popart.update(before, jnp.asarray([9.0]), jnp.asarray([0]))
    >>> weight, bias = popart.preserve(jnp.ones((2, 1)), jnp.ones(1), before, after)
    >>> round(popart.invert(after, jnp.ones(2) @ weight + bias, jnp.asarray([0])).item(), 3)
    3.0
    """

    step_size: float = 3e-4
    """Part of the way to each target; usually 1e-4 to 1e-2."""
    lowest: float = 1e-4
    """Least scale."""
    highest: float = 1e6
    """Greatest scale."""

    def init(self, outputs: int) -> Scales:
        """Mean 0 and scale 1 for K outputs."""
        return Scales(jnp.zeros(outputs), jnp.ones(outputs))

    def deviation(self, scales: Scales) -> Array:
        """Standard deviations `[K]`, within the bounds."""
        variance = scales.square - jnp.square(scales.mean)
        return jnp.sqrt(jnp.clip(variance, self.lowest**2, self.highest**2))

    def update(self, scales: Scales, targets: Array, output: Array, acted: Array | None = None) -> Scales:
        """Move towards the targets `[...]` of the outputs `[...]` int; n targets of an output are n steps to their mean.

        Entries without `acted` `[...]` do not count. No gradient flows through the result.
        """
        same_shape(targets=targets, output=output, acted=output if acted is None else acted)
        weight = jnp.ones_like(targets) if acted is None else acted.astype(targets.dtype)
        total = lambda x: devices.total(jnp.zeros_like(scales.mean).at[output].add(weight * x))
        count = total(jnp.ones_like(targets))
        part = jnp.where(count > 0, -jnp.expm1(count * jnp.log1p(-self.step_size)), 0.0)
        move = lambda old, x: old + part * (total(x) / jnp.maximum(count, 1.0) - old)
        return jax.lax.stop_gradient(Scales(move(scales.mean, targets), move(scales.square, jnp.square(targets))))

    def preserve(self, weight: Array, bias: Array, old: Scales, new: Scales) -> tuple[Array, Array]:
        """The last layer's `weight` `[..., D, K]` and `bias` `[..., K]` for new scales (arXiv:1602.07714, proposition 1)."""
        same_shape(outputs_of_the_weight=weight.shape[-1:], bias=bias.shape[-1:], scales=old.mean)
        before, after = self.deviation(old), self.deviation(new)
        return weight * (before / after), (before * bias + old.mean - new.mean) / after

    def apply(self, scales: Scales, values: Array, output: Array) -> Array:
        """Values `[...]` of the outputs `[...]` int, normalised."""
        same_shape(values=values, output=output)
        return (values - scales.mean[output]) / self.deviation(scales)[output]

    def invert(self, scales: Scales, values: Array, output: Array) -> Array:
        """Normalised values `[...]` of the outputs `[...]` int, in the targets' units."""
        same_shape(values=values, output=output)
        return values * self.deviation(scales)[output] + scales.mean[output]
