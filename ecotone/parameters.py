"""Abmarl's `params` as an experiment: who learns, with what, for how long, read as Abmarl and RLlib read them."""

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecotone.algorithms import ALGORITHMS
from ecotone.experiment import Experiment
from ecotone.feed import Rollout
from ecotone.frozen import put
from ecotone.groups import Group
from ecotone.mistakes import Mistake, nearest
from ecotone.ops.schedules import Constant
from ecotone.protocols import Algorithm
from ecotone.runtime.events import EpisodeEnded, Event, Stop
from ecotone.sim.dones import environment_of

FIELDS: dict[str, tuple[str, ...]] = {
    "lr": ("optimizer", "learning_rate"),
    "gamma": ("gamma",),
    "lambda": ("trace",),
    "clip_param": ("clip",),
    "entropy_coeff": ("entropy_cost",),
    "vf_loss_coeff": ("value_cost",),
    "grad_clip": ("optimizer", "clip_norm"),
    "kl_coeff": ("kl_cost",),
    "kl_target": ("kl_target",),
    "num_sgd_iter": ("epochs",),
    "num_epochs": ("epochs",),
    "train_batch_size": ("feed", "length"),
    "fcnet_hiddens": ("model", "encoder", "hidden"),
}
"""RLlib's settings of an algorithm that we know, and the algorithm's fields that they are here."""
UNDERSTOOD = {"env", "env_config", "horizon", "multiagent", "disable_env_checking", "seed", "model"}
LEFT = {
    "num_workers", "num_rollout_workers", "num_envs_per_worker", "num_gpus", "num_cpus_per_worker", "framework", "log_level",
    "batch_mode", "rollout_fragment_length", "sgd_minibatch_size", "verbose", "checkpoint_freq", "checkpoint_at_end",
}  # fmt: skip
"""What only says how RLlib goes about it."""
TUNE = {"run_or_experiment", "stop", "config", "storage_path", "local_dir"}


@dataclass
class EpisodesTotal:
    """A callback that ends training after so many episodes since it began or was resumed, whichever was later."""

    most: int
    count: int = 0
    steps: int = 0

    def __call__(self, event: Event) -> None:
        """Count; raises `Stop` at the end."""
        if event.steps < self.steps:  # another run
            self.count = 0
        self.steps = event.steps
        self.count += isinstance(event, EpisodeEnded)
        if self.count >= self.most:
            raise Stop


def experiment_of(params: Mapping[str, Any]) -> Experiment:
    """The experiment that Abmarl's dictionary of parameters describes; each policy becomes a group.

    A warning names what only concerns how RLlib runs, and is left out.

    Raises:
        Mistake: something is missing, or asks for what there is not.
    """
    title, creator = (_need(params, "experiment", name) for name in ("title", "sim_creator"))
    tune, config = _need(params, "ray_tune"), dict(_need(params, "ray_tune", "config"))
    _warn_of_the_rest(tune, config)
    env = environment_maker(creator, config.get("env_config") or {}, config.get("horizon"))
    lanes = Experiment(env, _algorithm(tune)).lanes
    steps, callbacks = _length(tune.get("stop") or {}, config.get("horizon"))
    return Experiment(
        env,
        title=str(title),
        groups=_groups(_algorithm(tune), config, env().possible_agents, lanes),
        steps=steps,
        seed=int(config.get("seed") or 0),
        callbacks=callbacks,
        out=str(tune.get("storage_path") or tune.get("local_dir") or Experiment.out),
    )


def environment_maker(creator: Callable[..., Any], config: Any, horizon: int | None) -> Callable[..., Any]:
    """A function that makes copies of the simulation, apart from each other even where `sim_creator` gives but one."""
    made = creator(config)

    def simulation(render_mode: str | None = None) -> Any:
        return environment_of(copy.deepcopy(made), horizon)

    return simulation


def _need(params: Mapping[str, Any], *path: str) -> Any:
    found: Any = params
    for i, name in enumerate(path):
        if not isinstance(found, Mapping) or name not in found:
            there = "".join(f"['{each}']" for each in path[: i + 1])
            raise Mistake(f"params{there} is missing: an experiment of Abmarl's needs it.")
        found = found[name]
    return found


def _algorithm(tune: Mapping[str, Any]) -> Algorithm:
    asked = _need({"ray_tune": tune}, "ray_tune", "run_or_experiment")
    name = asked if isinstance(asked, str) else getattr(asked, "__name__", str(asked))
    if name.lower() not in ALGORITHMS:
        raise Mistake(f"no algorithm '{name}'.{nearest(name, ALGORITHMS)} Known are {', '.join(ALGORITHMS)}.")
    return ALGORITHMS[name.lower()]()


def _length(stop: Mapping[str, Any], horizon: int | None) -> tuple[int, tuple[Callable[[Event], None], ...]]:
    """Environment steps, and what ends training before."""
    if unknown := stop.keys() - {"episodes_total", "timesteps_total"}:
        raise Mistake(f"params['ray_tune']['stop'] has '{min(unknown)}': say episodes_total or timesteps_total.")
    episodes, steps = stop.get("episodes_total"), stop.get("timesteps_total")
    if steps is None and (episodes is None or horizon is None):
        raise Mistake("params do not say how long to train: stop at timesteps_total, or at episodes_total with a horizon.")
    callbacks = (EpisodesTotal(int(episodes)),) if episodes is not None else ()
    return int(steps if steps is not None else episodes * horizon), callbacks  # type: ignore[operator]


def _groups(algorithm: Algorithm, config: Mapping[str, Any], agents: list[str], lanes: int) -> dict[str, Group]:
    many = config.get("multiagent") or {}
    policies = many.get("policies") or {"agents": None}
    policies = policies if isinstance(policies, Mapping) else dict.fromkeys(policies)
    mapped = {agent: _policy(many.get("policy_mapping_fn"), agent, policies) for agent in agents}
    trained = many.get("policies_to_train")
    groups = {}
    for name, asked in policies.items():
        settings = {key: value for key, value in config.items() if key not in UNDERSTOOD | LEFT}
        settings |= dict(config.get("model") or {}) | _own_settings(name, asked)
        members = tuple(agent for agent, policy in mapped.items() if policy == name)
        if not members:
            warnings.warn(f"no agent is mapped to the policy '{name}': it is left out.", stacklevel=3)
            continue
        learns = trained is None or bool(trained(name) if callable(trained) else name in trained)
        groups[name] = Group(_configured(algorithm, settings, lanes, len(members)), members, train=learns)
    return groups


def _policy(mapping: Callable[..., str] | None, agent: str, policies: Mapping[str, Any]) -> str:
    if mapping is None and len(policies) == 1:
        return next(iter(policies))
    if mapping is None:
        raise Mistake(f"there are the policies {', '.join(policies)}, but no policy_mapping_fn says whose they are.")
    try:
        name = mapping(agent)
    except TypeError:
        name = mapping(agent, None)  # RLlib also hands over the episode
    if name not in policies:
        raise Mistake(f"policy_mapping_fn maps agent '{agent}' to '{name}', but the policies are {', '.join(policies)}.")
    return name


def _own_settings(name: str, asked: Any) -> dict[str, Any]:
    """Settings of one policy, from RLlib's `(class, observation space, action space, settings)`."""
    if asked is None:
        return {}
    kind, *_, settings = asked if isinstance(asked, tuple) else (asked.policy_class, asked.config)
    if kind is not None:
        raise Mistake(f"policy '{name}' has a class of its own, {kind}: give None, or write an experiment with Scripted.")
    return dict(settings or {})


def _configured(algorithm: Algorithm, settings: Mapping[str, Any], lanes: int, members: int) -> Algorithm:
    for key, value in settings.items():
        if key not in FIELDS:
            known = f" Known are {', '.join(FIELDS)}."
            raise Mistake(
                f"params['ray_tune']['config'] has '{key}', which is not understood.{nearest(key, FIELDS) or known}"
            )
        if key == "lr":
            value = Constant(float(value))
        elif key == "fcnet_hiddens":
            value = tuple(value)
        elif key == "train_batch_size":
            value = _fragment(algorithm, int(value), lanes, members)
        try:
            algorithm = put(algorithm, FIELDS[key], value)
        except AttributeError as error:
            raise Mistake(f"{type(algorithm).__name__} has no setting for '{key}': leave it out of the config.") from error
    return algorithm


def _fragment(algorithm: Algorithm, rows: int, lanes: int, members: int) -> int:
    """Steps of a fragment that gives so many rows of all members in all copies."""
    if not isinstance(algorithm.feed, Rollout):
        raise Mistake(f"{type(algorithm).__name__} has no setting for 'train_batch_size': leave it out of the config.")
    return max(rows // (lanes * members), 1)


def _warn_of_the_rest(tune: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    if unknown := tune.keys() - TUNE - LEFT:
        raise Mistake(f"params['ray_tune'] has '{min(unknown)}', which is not understood.")
    if left := sorted((tune.keys() | config.keys()) & LEFT):
        warnings.warn(f"{', '.join(left)}: they say how RLlib runs, and are left out.", stacklevel=3)
