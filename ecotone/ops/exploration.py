"""Exploration of choices and of continuous actions; probabilities and noise work on NumPy and JAX arrays alike."""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.ops import noise
from ecotone.ops.arrays import log_softmax, namespace, same_shape
from ecotone.ops.distributions import Categorical, legal_or_all

Array = Any
Key = Any
Tree = Any
COLDEST = 1e-8


def _legal(values: Array, legal: Array | None) -> Array:
    if legal is None:
        return namespace(values).ones(values.shape, bool)
    same_shape(values=values, legal=legal)
    return legal_or_all(legal)


def greedy(values: Array, legal: Array | None = None) -> Array:
    """Probabilities `[..., A]` of the legal choices of highest value, which share alike (Sutton & Barto 2018, section 2.2).

    Arguments:
        values: of the choices at t, `[..., A]`.
        legal: `[..., A]` bool, all by default; where none is legal, all count as legal.

    >>> greedy(jnp.asarray([1.0, 3.0, 3.0, 9.0]), jnp.asarray([True, True, True, False])).tolist()
    [0.0, 0.5, 0.5, 0.0]
    """
    xp, legal = namespace(values), _legal(values, legal)
    highest = xp.where(legal, values, -xp.inf).max(-1, keepdims=True)
    best = (legal & (values == highest)).astype(values.dtype)
    return best / best.sum(-1, keepdims=True)


def epsilon_greedy(values: Array, epsilon: Array, legal: Array | None = None) -> Array:
    """Probabilities `[..., A]`: ε shared by all legal choices, the rest by the best (Sutton & Barto 2018, section 2.2).

    Arguments:
        values: of the choices at t, `[..., A]`.
        epsilon: in [0, 1], a number or `[...]`.
        legal: `[..., A]` bool, all by default; where none is legal, all count as legal.

    >>> [round(x, 3) for x in epsilon_greedy(jnp.asarray([1.0, 1.0, 0.0, 0.0]), 0.2).tolist()]
    [0.45, 0.45, 0.05, 0.05]
    """
    xp, share = namespace(values), _legal(values, legal).astype(values.dtype)
    epsilon = xp.asarray(epsilon, values.dtype)[..., None]
    return (1.0 - epsilon) * greedy(values, legal) + epsilon * share / share.sum(-1, keepdims=True)


def boltzmann(values: Array, temperature: Array, legal: Array | None = None) -> Array:
    """Probabilities `[..., A]` in proportion to exp(value / temperature) (Sutton & Barto 2018, eq. 2.11).

    Arguments:
        values: of the choices at t, `[..., A]`.
        temperature: a number or `[...]`, in the values' unit; near 0 is greedy.
        legal: `[..., A]` bool, all by default; where none is legal, all count as legal.

    >>> [round(x, 3) for x in boltzmann(jnp.asarray([0.0, 1.0, 2.0]), 1.0, jnp.asarray([True, True, False])).tolist()]
    [0.269, 0.731, 0.0]
    """
    xp, legal = namespace(values), _legal(values, legal)
    temperature = xp.maximum(xp.asarray(temperature, values.dtype), values.dtype.type(COLDEST))[..., None]
    centred = values - xp.where(legal, values, -xp.inf).max(-1, keepdims=True)
    policy = Categorical(centred / temperature).masked(legal)
    return xp.exp(log_softmax(policy.logits))


def gaussian_noise(key: Key, action: Array, deviation: Array, clip: Array = float("inf")) -> Array:
    """Actions with independent normal noise, `[..., D]` (with `clip`: the target smoothing of arXiv:1802.09477).

    Arguments:
        key: a JAX key, or `Noise`.
        action: at t, `[..., D]`.
        deviation: of the noise, in the actions' unit; usually 0.1 to 0.3 of actions in [-1, 1].
        clip: largest size of the noise; the result itself is not clipped to the actions' bounds.

    >>> import jax
    >>> gaussian_noise(jax.random.key(0), jnp.ones(3), 10.0, clip=0.0).tolist()
    [1.0, 1.0, 1.0]
    """
    return action + (deviation * noise.normal(key, action.shape)).clip(-clip, clip)


def ornstein_uhlenbeck(key: Key, state: Array, damping: Array = 0.15, deviation: Array = 0.2, seconds: Array = 1.0) -> Array:
    """The next state of noise that remembers: `state − θ·dt·state + σ·√dt·N(0, 1)`, `[..., D]` (Uhlenbeck & Ornstein 1930).

    The noisy action is `action + state` (arXiv:1509.02971, section 7). Begin at 0, and again where an episode does.

    Arguments:
        key: a JAX key, or `Noise`.
        state: noise at t − 1, `[..., D]`.
        damping, deviation: θ and σ per second.
        seconds: dt between steps; 1 makes θ and σ per step.

    >>> import jax
    >>> ornstein_uhlenbeck(jax.random.key(0), jnp.asarray([1.0, -2.0]), damping=0.5, deviation=0.0).tolist()
    [0.5, -1.0]
    """
    return state * (1.0 - damping * seconds) + deviation * seconds**0.5 * noise.normal(key, state.shape)


def mix_dirichlet(key: Key, prior: Array, concentration: Array, fraction: Array, legal: Array | None = None) -> Array:
    """`(1 − fraction) · prior + fraction · Dirichlet(concentration)`, `[..., A]` (Silver et al. 2017; arXiv:1712.01815).

    Arguments:
        key: a JAX key, or `Noise`.
        prior: probabilities of the choices at a search's root, `[..., A]`.
        concentration: of the symmetric noise; usually 10 / number of choices. Less is more one-sided.
        fraction: in [0, 1]; usually 0.25.
        legal: `[..., A]` bool: only these get noise; all by default, and where none is legal.

    >>> import jax
    >>> mixed = mix_dirichlet(jax.random.key(0), jnp.asarray([0.5, 0.5, 0.0]), 0.3, 0.25, jnp.asarray([True, True, False]))
    >>> round(float(mixed.sum()), 3), float(mixed[2])
    (1.0, 0.0)
    """
    xp = namespace(prior)
    shape = xp.full(prior.shape, 1.0, prior.dtype) * xp.asarray(concentration, prior.dtype)
    logs = Categorical(noise.log_gamma(key, shape)).masked(_legal(prior, legal)).logits
    return (1.0 - fraction) * prior + fraction * xp.exp(log_softmax(logs))


def lane_epsilons(lanes: int, base: Array = 0.4, exponent: Array = 7.0) -> Array:
    """ε of each lane, `base ** (1 + exponent · i / (lanes − 1))`, `[lanes]` (Ape-X, arXiv:1803.00933, section 4.1).

    >>> [round(x, 5) for x in lane_epsilons(3).tolist()]
    [0.4, 0.01619, 0.00066]
    """
    place = namespace(base).arange(lanes, dtype="float32") / max(lanes - 1, 1)
    return base ** (1.0 + exponent * place)


def perturb(key: Key, weights: Tree, deviation: Array) -> Tree:
    """A tree of weights with independent normal noise in every floating-point leaf `[...]` (arXiv:1706.01905, section 3).

    >>> import jax
    >>> perturb(jax.random.key(0), {"w": jnp.ones(2), "count": jnp.asarray(3)}, 0.0)["w"].tolist()
    [1.0, 1.0]
    """
    leaves, tree = jax.tree.flatten(weights)
    moves = lambda leaf: jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
    keys = noise.split(key, max(len(leaves), 1))
    noisy = lambda leaf, k: (leaf + deviation * noise.normal(k, leaf.shape)).astype(leaf.dtype)
    return tree.unflatten([noisy(leaf, k) if moves(leaf) else leaf for leaf, k in zip(leaves, keys, strict=False)])


def action_distance(action: Array, perturbed: Array) -> Array:
    """Root of the mean squared difference of actions `[..., D]` of one policy and its perturbed copy: a number.

    arXiv:1706.01905, section 3. For choices take the mean KL of the two policies instead, with `greedy_threshold`.

    >>> float(action_distance(jnp.zeros((2, 2)), jnp.full((2, 2), 0.5)))
    0.5
    """
    same_shape(action=action, perturbed=perturbed)
    return jnp.sqrt(jnp.square(action - perturbed).mean())


def greedy_threshold(epsilon: Array, choices: int) -> Array:
    """KL in nats of a greedy policy to its ε-greedy version, `-log(1 − ε + ε / A)`, a number or `[...]`.

    arXiv:1706.01905, appendix.

    >>> round(float(greedy_threshold(0.1, 4)), 4)
    0.078
    """
    return -jnp.log(1.0 - epsilon + epsilon / choices)


def adapt_deviation(deviation: Array, distance: Array, threshold: Array, factor: float = 1.01) -> Array:
    """The next deviation of `perturb`: larger by `factor` where the actions differ too little, else smaller; `[...]`.

    arXiv:1706.01905, section 3. `distance` and `threshold` are in the unit of `action_distance`, the threshold usually the
    deviation that `gaussian_noise` would have.

    >>> [round(x, 3) for x in adapt_deviation(jnp.ones(2), jnp.asarray([0.1, 0.3]), 0.2).tolist()]
    [1.01, 0.99]
    """
    return jnp.where(distance < threshold, deviation * factor, deviation / factor)


def factorised_noise(key: Key, inputs: int, outputs: int) -> tuple[Array, Array]:
    """Noise of a noisy layer, `(weights [inputs, outputs], bias [outputs])` (arXiv:1706.10295, eq. 10 and 11).

    One normal number for each input and output, f(x) = sign(x)·√|x| of each, and the products for the weights. The layer
    is `(μ_w + σ_w · weights)` and `(μ_b + σ_b · bias)`. `key` is a JAX key, or `Noise`.

    >>> import jax
    >>> weights, bias = factorised_noise(jax.random.key(0), 3, 2)
    >>> weights.shape, bias.shape
    ((3, 2), (2,))
    """
    key_in, key_out = noise.split(key)
    root = lambda x: namespace(x).sign(x) * namespace(x).sqrt(abs(x))
    before, behind = root(noise.normal(key_in, (inputs,))), root(noise.normal(key_out, (outputs,)))
    return before[:, None] * behind, behind
