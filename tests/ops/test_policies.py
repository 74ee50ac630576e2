"""Policy losses against the published vectors, rlax, and their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax

from ecotone.ops.deterministic import action_slope, clip_slope, dpg, svg0
from ecotone.ops.distributions import Bernoulli, Beta, Categorical, Deterministic, MultiCategorical, Normal, TanhNormal
from ecotone.ops.losses import clipped_ratio
from ecotone.ops.policies import a2c, adapt_kl, entropy_cost, kl_cost, kl_penalty, policy_gradient, qpg, rm, rpg

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(size=(7, 4)).astype(np.float32) * 2
VALUES = GENERATOR.normal(size=(7, 4)).astype(np.float32)
CHOICES = GENERATOR.integers(0, 4, 7).astype(np.int32)
ADVANTAGE = GENERATOR.normal(size=7).astype(np.float32)
ONES = np.ones(7, np.float32)
BLOCK = np.asarray([[1.0, 1.0, 1.0], [2.0, 0.0, 0.0], [-1.0, -2.0, -3.0]], np.float32)


def discrete(logits, action, advantage):
    return policy_gradient(Categorical(logits).log_prob(action), advantage)


def test_policy_gradient_vector(run):
    logits = jnp.asarray([[0.0, 1.0], [0.0, 1.0], [1.0, 1.0], [0.0, 100.0]])
    action, advantage = np.asarray([0, 0, 1, 1]), np.asarray([0.0, 1.0, 2.0, 1.0], np.float32)
    loss = run(discrete, logits, action, advantage)
    np.testing.assert_allclose(loss, [0.0, 1.313262, 1.386294, 0.0], atol=1e-6)
    slope = run(jax.grad(lambda x: discrete(x, action, advantage).sum()), logits)
    np.testing.assert_allclose(slope, [[0, 0], [-0.731059, 0.731059], [1, -1], [0, 0]], atol=1e-5)
    by_time = run(discrete, logits.reshape(2, 2, 2), action.reshape(2, 2), advantage.reshape(2, 2)).sum(0)
    np.testing.assert_allclose(by_time, [1.386294, 1.313262], atol=1e-5)


def test_rlax_vectors_of_gradient_and_entropy(run):
    advantage, weight = np.asarray([0.3, 0.2, 0.1], np.float32), np.asarray([-2.0, 2.0, 0.0], np.float32)
    actions, losses, entropies = ([0, 1, 2], [0, 0, 0]), (0.0788835, 0.3272009), (0.288693, 1.15422)
    for i, action in enumerate(actions):
        sign, logits, each = (1.0, -1.0)[i], BLOCK + i, weight - i
        loss = (run(discrete, logits, np.asarray(action), sign * advantage) * each).mean()
        np.testing.assert_allclose(loss, losses[i], rtol=1e-5)
        cost = (run(entropy_cost, Categorical(logits)) * each).mean()
        np.testing.assert_allclose(cost, entropies[i], rtol=1e-5)


def test_ppo_vector_of_the_clipped_surrogate(run):
    """The surrogate lives in losses; the published vector is checked here, beside its penalised form."""
    old, action = BLOCK.copy(), np.asarray([0, 1, 2])
    old[2] = [-3.0, -2.0, -1.0]
    advantage = np.asarray([0.3, 0.2, 0.1], np.float32)
    log_ratio = Categorical(BLOCK).log_prob(action) - Categorical(old).log_prob(action)
    losses = [float(run(clipped_ratio, log_ratio, sign * advantage, 0.2).mean()) for sign in (1.0, -1.0)]
    np.testing.assert_allclose(losses, [-0.17117467, 0.19333333], rtol=1e-4)


def test_policy_gradient_matches_rlax(run):
    ours = lambda logits: discrete(logits, CHOICES, ADVANTAGE).mean()
    theirs = lambda logits: rlax.policy_gradient_loss(logits, CHOICES, ADVANTAGE, ONES)
    np.testing.assert_allclose(run(ours, LOGITS), theirs(LOGITS), rtol=1e-5)
    np.testing.assert_allclose(run(jax.grad(ours), LOGITS), jax.grad(theirs)(LOGITS), atol=1e-6)
    assert (jax.grad(lambda a: discrete(LOGITS, CHOICES, a).sum())(ADVANTAGE) == 0).all()


ENTROPY_LOGITS = jnp.asarray([[0.0, 1.0], [1.0, 2.0], [0.0, 2.0], [1.0, 1.0], [0.0, -1000.0], [0.0, 1000.0]])


def test_entropy_vector(run):
    cost = run(lambda x: entropy_cost(Categorical(x)), ENTROPY_LOGITS)
    np.testing.assert_allclose(-cost, [0.5822031, 0.5822031, 0.3653339, 0.6931472, 0.0, 0.0], atol=1e-6)
    slope = run(jax.grad(lambda x: -entropy_cost(Categorical(x)).sum()), ENTROPY_LOGITS)
    sizes = np.asarray([0.1966119, 0.1966119, 0.2099872, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(slope, sizes[:, None] * np.asarray([1.0, -1.0]), atol=1e-6)
    even = run(lambda x: entropy_cost(Categorical(x), normalise=True), jnp.zeros((3, 5)))
    np.testing.assert_allclose(even, -1.0, rtol=1e-6)


def test_entropy_of_several_heads_is_normalised_together(run):
    heads = {"a": Categorical(LOGITS), "b": (Bernoulli(VALUES), MultiCategorical((LOGITS[:, :3], VALUES)))}
    parts = -sum(np.asarray(part.entropy()) for part in (heads["a"], *heads["b"]))
    np.testing.assert_allclose(run(entropy_cost, heads), parts, rtol=1e-5)
    most = np.log(4) + 4 * np.log(2) + np.log(3) + np.log(4)
    np.testing.assert_allclose(run(lambda h: entropy_cost(h, True), heads), parts / most, rtol=1e-5)
    with pytest.raises(ValueError, match="no number of choices"):
        entropy_cost((Categorical(LOGITS), Normal(VALUES, VALUES)), normalise=True)


def test_kl_cost_adds_heads_and_leaves_the_prior_alone(run):
    prior, policy = (Categorical(LOGITS), Normal(VALUES, VALUES)), (Categorical(VALUES), Normal(LOGITS, VALUES))
    expected = prior[0].kl(policy[0]) + prior[1].kl(policy[1])
    np.testing.assert_allclose(run(kl_cost, prior, policy), expected, rtol=1e-4)
    to_prior, to_policy = jax.grad(lambda p, q: kl_cost(p, q).sum(), (0, 1))(prior, policy)
    assert all((x == 0).all() for x in jax.tree.leaves(to_prior))
    assert all((x != 0).any() for x in jax.tree.leaves(to_policy))


A2C_ARGUMENTS = (
    jnp.asarray([0, 1]),
    jnp.asarray([0.2, 0.3, 0.1]),
    jnp.asarray([0.4, 0.5]),
    jnp.asarray([0.9, 0.8]),
)
A2C_LOGITS = jnp.asarray([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def test_a2c_vector(run):
    for normalise, cost, total in ((False, -0.4876639, 0.83186), (True, -0.4438908, 0.8756331)):
        question = lambda x, n=normalise: a2c(Categorical(x), *A2C_ARGUMENTS, 1.0, 0.15, 0.25, n)
        parts = run(question, A2C_LOGITS)
        np.testing.assert_allclose(parts.returns, [0.922, 0.58], rtol=1e-6)
        np.testing.assert_allclose(parts.advantage, [0.722, 0.28], rtol=1e-6)
        np.testing.assert_allclose(parts.policy.sum(), 1.2745476, rtol=1e-6)
        np.testing.assert_allclose(0.15 * parts.baseline.sum(), 0.0449763, rtol=1e-5)
        np.testing.assert_allclose(0.25 * parts.entropy.sum(), cost, rtol=1e-6)
        np.testing.assert_allclose(parts.loss.sum(), total, rtol=1e-5)


def test_a2c_gradients_reach_policy_and_baseline_only():
    action, values, reward, discount = A2C_ARGUMENTS

    def loss(logits, values, reward):
        return a2c(Categorical(logits), action, values, reward, discount, 0.9, 0.15, 0.0).loss.sum()

    to_logits, to_values, to_reward = jax.grad(loss, (0, 1, 2))(A2C_LOGITS, values, reward)
    parts = a2c(Categorical(A2C_LOGITS), action, values, reward, discount, 0.9)
    expected = jax.grad(lambda x: discrete(x, action, parts.advantage).sum())(A2C_LOGITS)
    np.testing.assert_allclose(to_logits, expected, rtol=1e-5)
    np.testing.assert_allclose(to_values, [*(-0.15 * parts.advantage), 0.0], rtol=1e-5)
    np.testing.assert_array_equal(to_reward, 0.0)


def test_a2c_returns_are_those_of_rlax_and_lanes_are_independent(run):
    reward, values = GENERATOR.normal(size=(7, 3)).astype(np.float32), GENERATOR.normal(size=(8, 3)).astype(np.float32)
    discount = np.where(GENERATOR.random((7, 3)) < 0.3, 0.0, 0.9).astype(np.float32)
    logits = GENERATOR.normal(size=(7, 3, 4)).astype(np.float32)
    action = GENERATOR.integers(0, 4, (7, 3))
    question = lambda x, a, v, r, d: a2c(Categorical(x), a, v, r, d, 0.8)
    parts = run(question, logits, action, values, reward, discount)
    theirs = jax.vmap(lambda r, d, v: rlax.lambda_returns(r, d, v, 0.8), 1, 1)(reward, discount, values[1:])
    np.testing.assert_allclose(parts.returns, theirs, rtol=1e-4, atol=1e-5)
    mapped = run(jax.vmap(question, 1, 1), logits, action, values, reward, discount)
    for ours, other in zip(parts, mapped, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-5, atol=1e-6)


def test_rows_without_a_decision_cost_nothing(run):
    acted = jnp.asarray([True, False, True])
    values, reward, discount = jnp.asarray([0.5, 2.0, 1.0, 3.0]), jnp.asarray([1.0, 99.0, 1.0]), jnp.full(3, 0.5)
    policy = Categorical(jnp.asarray([[0.0, 1.0], [0.0, -jnp.inf], [0.0, 1.0]]))
    parts = run(lambda *a: a2c(*a[:-1], acted=a[-1]), policy, jnp.asarray([0, 1, 1]), values, reward, discount, acted)
    np.testing.assert_allclose(parts.returns, [1.0 + 0.5 * 2.0, 2.0, 1.0 + 0.5 * 3.0])
    assert all(np.isfinite(x).all() for x in parts)
    assert parts.loss[1] == parts.policy[1] == parts.baseline[1] == parts.entropy[1] == parts.advantage[1] == 0.0


def test_several_heads_in_a2c(run):
    heads = (Categorical(A2C_LOGITS), {"x": Categorical(2 * A2C_LOGITS)})
    action = A2C_ARGUMENTS[0]
    both = run(lambda h: a2c(h, (action, {"x": action}), *A2C_ARGUMENTS[1:], entropy_weight=0.3), heads)
    each = [a2c(h, *A2C_ARGUMENTS) for h in (heads[0], heads[1]["x"])]
    np.testing.assert_allclose(both.policy, each[0].policy + each[1].policy, rtol=1e-6)
    np.testing.assert_allclose(both.entropy, each[0].entropy + each[1].entropy, rtol=1e-6)


def test_kl_penalty_and_its_coefficient(run):
    kl = np.abs(VALUES[:, 0])
    loss = run(kl_penalty, VALUES[:, 1], ADVANTAGE, kl, 0.7)
    np.testing.assert_allclose(loss, 0.7 * kl - np.exp(VALUES[:, 1]) * ADVANTAGE, rtol=1e-5)
    assert np.isfinite(run(jax.grad(lambda x: kl_penalty(x, ADVANTAGE, kl, 0.7).sum()), 1e4 * VALUES[:, 1])).all()
    assert (jax.grad(lambda a: kl_penalty(VALUES[:, 1], a, kl, 0.7).sum())(ADVANTAGE) == 0).all()
    measured = jnp.asarray([0.0, 0.0066, 0.0067, 0.01, 0.0149, 0.0151, 9.0])
    np.testing.assert_allclose(run(adapt_kl, 3.0, measured, 0.01), [1.5, 1.5, 3.0, 3.0, 3.0, 6.0, 6.0])


def test_all_action_vectors(run):
    values, logits = jnp.asarray([[0.0, -1.0, 1.0], [1.0, -1.0, 0.0]]), jnp.asarray([[1.0, 1.0, 1.0], [1.0, 1.0, 4.0]])
    np.testing.assert_allclose(run(qpg, logits, values).mean(), 0.0, atol=1e-7)
    np.testing.assert_allclose(run(rm, logits, values).mean(), -(0.3333 + 0.0452) / 2, atol=1e-4)
    np.testing.assert_allclose(run(rpg, logits, values).mean(), 1.0, rtol=1e-6)


@pytest.mark.parametrize("pair", [(qpg, rlax.qpg_loss), (rm, rlax.rm_loss), (rpg, rlax.rpg_loss)], ids=["qpg", "rm", "rpg"])
def test_all_action_losses_match_rlax(run, pair):
    ours, theirs = pair
    mean = lambda x: ours(x, VALUES).mean()
    np.testing.assert_allclose(run(mean, LOGITS), theirs(LOGITS, VALUES), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(run(jax.grad(mean), LOGITS), jax.grad(lambda x: theirs(x, VALUES))(LOGITS), atol=1e-6)
    mapped = run(jax.vmap(ours), LOGITS, VALUES)
    np.testing.assert_allclose(mapped, ours(LOGITS, VALUES), rtol=1e-5, atol=1e-6)
    assert (jax.grad(lambda v: ours(LOGITS, v).sum())(VALUES) == 0).all()
    assert np.isfinite(run(jax.grad(lambda x: ours(x, VALUES).sum()), jnp.sign(LOGITS) * 1000.0)).all()


def test_dpg_vectors(run):
    action, slope = jnp.asarray([[0.3, -0.2], [4.0, 1.0]]), jnp.ones((2, 2))
    loss = run(lambda a, s: dpg(a, s, 1.0, True), action, slope)
    np.testing.assert_allclose(loss, 0.5, rtol=1e-6)
    theirs = jax.vmap(lambda a, s: rlax.dpg_loss(a, s, 1.0))(action, slope)
    np.testing.assert_allclose(theirs, 0.25, rtol=1e-5)  # by dimension
    np.testing.assert_allclose(loss, theirs.sum(-1), rtol=1e-5)
    ours = run(jax.grad(lambda a: dpg(a, slope, 1.0, True).sum()), action)
    np.testing.assert_allclose(ours, -clip_slope(slope, 1.0, True), rtol=1e-6)


def test_dpg_of_a_linear_critic(run):
    """TRFL's properties: dQ/da is the critic's weight; clipped; the actor's slope is -w Σ s; none to the critic."""
    w, states = jnp.asarray([0.3, -2.0]), GENERATOR.normal(size=(5, 3)).astype(np.float32)
    actor = GENERATOR.normal(size=(3, 2)).astype(np.float32)

    def loss(actor, w, **clip):
        action = states @ actor
        value, slope = action_slope(lambda a: a @ w, action)
        return dpg(action, slope, **clip).sum(), (value, slope)

    (_, (value, slope)), to_actor = run(jax.value_and_grad(loss, has_aux=True), actor, w)
    np.testing.assert_allclose(value, states @ actor @ w, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(slope, np.broadcast_to(w, (5, 2)))
    np.testing.assert_allclose(to_actor, -np.outer(states.sum(0), w), rtol=1e-4, atol=1e-5)
    assert (jax.grad(lambda w: loss(actor, w)[0])(w) == 0).all()
    clipped = jax.grad(lambda a: loss(a, w, clip=0.01)[0])(actor)
    np.testing.assert_allclose(clipped, -np.outer(states.sum(0), [0.01, -0.01]), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(jnp.linalg.norm(clip_slope(slope, 0.01, True), axis=-1), 0.01, rtol=1e-5)
    with pytest.raises(ValueError, match="cannot be clipped to -1"):
        clip_slope(slope, -1.0)


def test_a_slope_of_zero_clips_to_zero(run):
    clip = lambda x: clip_slope(x, 1.0, True)
    np.testing.assert_array_equal(run(clip, jnp.zeros(3)), 0.0)
    assert np.isfinite(run(jax.grad(lambda x: clip(x).sum()), jnp.zeros(3))).all()


def test_svg_gradient_of_a_quadratic_critic(run):
    """E[-Q] of Q = -Σ (a - 3)² under N(m, s²) has the slopes 2 (m - 3) and 2 s² (by log s)."""
    goal, many = 3.0, 4_000
    critic = lambda a: -jnp.square(a - goal).sum(-1)

    def loss(policy, key):
        return svg0(critic, policy, key, samples=many)

    policy, key = Normal(jnp.asarray([1.0, 2.0]), jnp.asarray([0.0, -1.0])), jax.random.key(0)
    value, slope = run(jax.value_and_grad(loss), policy, key)
    spread = np.exp(2 * np.asarray([0.0, -1.0]))
    np.testing.assert_allclose(value, 4.0 + 1.0 + spread.sum(), rtol=0.05)
    np.testing.assert_allclose(slope.mean, [-4.0, -2.0], rtol=0.05)
    np.testing.assert_allclose(slope.log_std, 2 * spread, rtol=0.15)


@pytest.mark.parametrize("policy", [Normal, TanhNormal, Beta, Deterministic], ids=lambda x: x.__name__)
def test_svg_is_the_plain_reparameterised_gradient_and_spares_the_critic(run, policy):
    weight = jnp.asarray([1.5, -0.5])
    parameters = (jnp.ones((3, 2)), jnp.full((3, 2), 0.7))[: 1 if policy is Deterministic else 2]
    key = jax.random.key(1)
    ours = lambda p, w: svg0(lambda a: jnp.tanh(a @ w), policy(*p), key).sum()

    def plain(p, w):
        action = policy(*p).sample(jax.random.split(key, 1)[0])
        return -jnp.tanh(action @ w).sum()

    np.testing.assert_allclose(ours(parameters, weight), plain(parameters, weight), rtol=1e-5)
    to_policy, to_critic = run(jax.grad(ours, (0, 1)), parameters, weight)
    for a, b in zip(to_policy, jax.grad(plain)(parameters, weight), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
    assert (to_critic == 0).all()


def test_temperature_of_svg_is_the_entropy_weight_of_sac(run):
    policy, key = TanhNormal(jnp.zeros((3, 2)), jnp.full((3, 2), 2.0)), jax.random.key(0)
    without, with_it = (run(lambda p, t=t: svg0(lambda a: a.sum(-1), p, key, t), policy) for t in (0.0, 0.5))
    _, log_prob = policy.sample_and_log_prob(jax.random.split(key, 1)[0])
    np.testing.assert_allclose(with_it - without, 0.5 * log_prob, rtol=1e-4, atol=1e-5)
    far = jax.grad(lambda m: svg0(lambda a: a.sum(-1), TanhNormal(m, m), key, 0.5).sum())(jnp.full((3, 2), 50.0))
    assert np.isfinite(far).all()


@pytest.mark.parametrize(
    "question",
    [
        lambda: policy_gradient(ADVANTAGE, ADVANTAGE[:, None]),
        lambda: kl_penalty(ADVANTAGE, ADVANTAGE, ADVANTAGE[:1], 1.0),
        lambda: qpg(LOGITS, VALUES[0]),
        lambda: a2c(Categorical(LOGITS), CHOICES, ADVANTAGE, ADVANTAGE, ADVANTAGE),
        lambda: a2c(Categorical(LOGITS[:, None]), CHOICES[:, None], jnp.zeros(8), ADVANTAGE, ADVANTAGE),
        lambda: dpg(VALUES, VALUES[0]),
        lambda: action_slope(lambda a: a, jnp.asarray(VALUES)),
    ],
)
def test_shapes_that_would_broadcast_are_refused(question):
    with pytest.raises(ValueError, match=r"\(7"):
        question()
