"""The loss of Q-learning follows from what a network tells of each choice: its value, or the distribution of its return."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.networks.teams import TeamValues
from ecotone.networks.values import CategoricalValues, QuantileValues, values_of
from ecotone.ops.arrays import pick
from ecotone.ops.distributions import Categorical
from ecotone.ops.losses import huber, squared
from ecotone.ops.minibatches import Transition
from ecotone.ops.multistep import generalised_lambda_returns
from ecotone.ops.quantiles import quantile_regression
from ecotone.ops.transforms import IDENTITY, Transform
from ecotone.ops.value_distributions import categorical_cross_entropy, categorical_projection, chosen_distribution
from ecotone.ops.values import chosen, munchausen_bonus, towards

Array = Any
Told = Any
"""What a Q-network says of rows `[...]`: values `[..., K]`, `CategoricalValues`, `QuantileValues` or `TeamValues`."""


def value_of(told: Told, action: Array) -> Array:
    """The value `[...]` of choices `[...]`; of a team's choices `[..., A]`, that of the team."""
    return told.total(action) if isinstance(told, TeamValues) else pick(values_of(told), action)


def greedy_value(told: Told) -> Array:
    """The highest value of any choice, `[...]`."""
    return told.total(told.greedy()) if isinstance(told, TeamValues) else values_of(told).max(-1)


class Loss(NamedTuple):
    """A loss per decision `[...]`, and its surprise `[...]`: how far the prediction was off, as replays want to know."""

    each: Array
    surprise: Array


class Backup(NamedTuple):
    """What predictions of a decision are learned towards: `reward + discount · (what follows)`.

    Attributes:
        reward, discount: `[...]`, of the decision and those after it up to what follows.
        policy: who goes on from there: choices `[...]` int, a team's `[..., A]` int, or probabilities `[..., K]`.
        transform: of returns, to what networks predict (arXiv:1805.11593, proposition A.2).
    """

    reward: Array
    discount: Array
    policy: Array
    transform: Transform = IDENTITY

    def follows(self, said: Array) -> Array:
        """What is said of the choices that go on, `[...]` of `[..., K]` or `[..., N]` of `[..., K, N]`; a mean under π."""
        each = said.ndim > self.reward.ndim + 1
        if self.policy.ndim == self.reward.ndim:
            return chosen_distribution(said, self.policy) if each else pick(said, self.policy)
        return (self.policy[..., None] * said).sum(-2) if each else (self.policy * said).sum(-1)

    def target(self, following: Array) -> Array:
        """Targets in the predictions' units of one number `[...]`, or of N numbers `[..., N]`, that follow."""
        wide = (None,) * (following.ndim - self.reward.ndim)
        reward, discount = self.reward[(..., *wide)], self.discount[(..., *wide)]
        return self.transform.apply(reward + discount * self.transform.invert(following))


def greedy_backup(batch: Transition, chooser: Array, transform: Transform = IDENTITY) -> Backup:
    """The choice of highest value goes on, by what `chooser` `[..., K]` says of what follows (arXiv:1509.06461, eq. 4)."""
    return Backup(batch.reward, batch.discount, chooser.argmax(-1), transform)


def soft_backup(batch: Transition, chooser: Array, own: Array, temperature: Array, munchausen: Array | None) -> Backup:
    """The policy softmax(value / temperature) goes on, and is paid for its entropy (arXiv:2007.14430, eq. 1 and 2).

    Arguments:
        batch: one-step transitions `[...]`.
        chooser, own: values `[..., K]` of what follows and of the decisions, which make the policy there.
        temperature: of the policy, in units of returns.
        munchausen: share of its scaled log-probability of the decision that is added to the reward; none is soft Q-learning.
    """
    policy = Categorical(chooser / temperature)
    reward = batch.reward + batch.discount * temperature * policy.entropy()
    if munchausen is not None:
        log_prob = Categorical(own / temperature).log_prob(batch.action)
        reward = reward + munchausen_bonus(log_prob, temperature, munchausen)
    return Backup(reward, batch.discount, jax.nn.softmax(policy.logits))


def lambda_backup(backup: Backup, ahead: Told, acted: Array, trace: Array, sequence: int) -> Backup:
    """From one-step backups of all rows of sequences `[sequence · batch]` to their λ-returns, Peng's Q(λ).

    Peng & Williams 1994; arXiv:2103.00107, eq. 3. What the policy did off its greedy course counts, as with n steps.

    Arguments:
        backup: of every row, as `decisions` puts them.
        ahead: values told by the target, of what followed.
        acted: whether somebody decided, `[sequence · batch]`.
        trace: λ in [0, 1].
        sequence: rows of a sequence.
    """
    cut = lambda x: x.reshape(sequence, -1)
    following = cut(backup.transform.invert(value_of(ahead, backup.policy)))
    values = jnp.concatenate([following[:1], following])
    returns = generalised_lambda_returns(cut(backup.reward), cut(backup.discount), values, trace, cut(acted) > 0)
    return backup._replace(reward=returns.reshape(-1), discount=jnp.zeros_like(backup.discount))


def q_loss(now: Told, action: Array, ahead: Told, backup: Backup, squares: bool = False) -> Loss:
    """Loss and surprise of every decision; the gradient goes through what was said `now`.

    Values learn by their error (Mnih et al. 2015; its size is the surprise), categories by the cross-entropy to the
    projected target (C51, arXiv:1707.06887, algorithm 1; the divergence is the surprise, arXiv:1710.02298, section 3),
    quantiles by Huber's quantile regression (arXiv:1710.10044, eq. 10; arXiv:1806.06923, eq. 3; the loss is the surprise),
    and a team's values together, as one (arXiv:1803.11485, eq. 6).

    Arguments:
        now: told of the decisions `[...]` by the network that learns.
        action: the choices made, `[...]` int.
        ahead: told by the target, of what followed; of the same kind as `now`.
        backup: rewards, discounts, and who goes on.
        squares: square errors however large, where values learn; else Huber's loss.
    """
    if isinstance(now, CategoricalValues):
        return _categorical(now, action, ahead, backup)
    if isinstance(now, QuantileValues):
        goal = backup.target(backup.follows(ahead.quantiles))
        loss = quantile_regression(chosen_distribution(now.quantiles, action), now.levels, goal)
        return Loss(loss, jax.lax.stop_gradient(loss))
    if isinstance(now, TeamValues):
        error = towards(now.total(action), backup.target(ahead.total(backup.policy))).error
    else:
        error = towards(chosen(now, action), backup.target(backup.follows(ahead))).error
    return Loss((squared if squares else huber)(error), jax.lax.stop_gradient(jnp.abs(error)))


def _categorical(now: CategoricalValues, action: Array, ahead: CategoricalValues, backup: Backup) -> Loss:
    probabilities, atoms = backup.follows(jax.nn.softmax(ahead.logits)), ahead.atoms
    moved = backup.target(jnp.broadcast_to(atoms, probabilities.shape))
    goal = jax.lax.stop_gradient(categorical_projection(moved, probabilities, atoms))
    loss = categorical_cross_entropy(goal, chosen_distribution(now.logits, action))
    divergence = loss - categorical_cross_entropy(goal, jnp.log(goal))
    return Loss(loss, jax.lax.stop_gradient(jnp.maximum(divergence, 0.0)))
