"""Abmarl's names, so that files written for it run where it, or the Ray that it wants, is not installed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium.spaces import box

AGENTS: dict[str, str] = dict.fromkeys(("PrincipleAgent", "ActingAgent", "ObservingAgent", "Agent", "is_agent"), "agents")
SIMULATIONS: dict[str, str] = dict.fromkeys(("AgentBasedSimulation", "DynamicOrderSimulation"), "simulation")
MANAGERS: dict[str, str] = dict.fromkeys(("AllStepManager", "TurnBasedManager", "DynamicOrderManager"), "dones")
BASE = {"SimulationManager": "dones:CustomManager"}
WRAPPERS: dict[str, str] = dict.fromkeys(
    (
        "Wrapper", "SARWrapper", "RavelDiscreteWrapper", "FlattenWrapper", "FlattenActionWrapper", "SuperAgentWrapper",
        "CommunicationHandshakeWrapper",
    ),
    "wrappers",
)  # fmt: skip
EXTERNAL = {
    "MultiAgentWrapper": "dones",
    "GymWrapper": "dones:gym_wrapper",
    "GymABS": "gymnasium:GymnasiumSimulation",
    "gym_to_abmarl": "gymnasium:from_gymnasium",
    "MultiAgentABS": "dictionaries:DictionarySimulation",
    "multi_agent_to_abmarl": "rllib:from_rllib",
    "OpenSpielWrapper": "dones:open_spiel_wrapper",
}
STAND_INS: dict[str, dict[str, str]] = {
    "abmarl": {},
    "abmarl.sim": AGENTS | SIMULATIONS,
    "abmarl.sim.agent_based_simulation": AGENTS | SIMULATIONS,
    "abmarl.sim.wrappers": WRAPPERS,
    "abmarl.managers": MANAGERS | BASE,
    "abmarl.managers.all_step_manager": {"AllStepManager": "dones"},
    "abmarl.managers.turn_based_manager": {"TurnBasedManager": "dones"},
    "abmarl.managers.dynamic_order_manager": {"DynamicOrderManager": "dones"},
    "abmarl.managers.simulation_manager": BASE,
    "abmarl.external": EXTERNAL,
    "abmarl.tools": {"Box": "spaces"},
    "abmarl.tools.gym_utils": {"Box": "spaces", "check_space": "spaces:is_space", "make_dict": "spaces:made"},
    "abmarl.examples": {"MultiCorridor": "games"},
    "abmarl.examples.sim": {"MultiCorridor": "games"},
    "abmarl.examples.sim.multi_corridor": {"MultiCorridor": "games"},
}
"""What stands in for Abmarl's modules: by name, the file of `ecotone.sim` that has it, and its name there if another."""
WITHOUT_RAY = ("abmarl.external",)
"""Modules that Abmarl itself has, but that are of no use without Ray."""
RAY = ("ray", "ray.tune", "ray.tune.registry")


@contextmanager
def stand_ins() -> Iterator[None]:
    """Let a file import from Abmarl and from Ray's registry, whichever of them is not installed; only within this block."""
    has_abmarl, has_ray = find_spec("abmarl") is not None, _has_registry()
    wanted = STAND_INS if not has_abmarl else {} if has_ray else {name: STAND_INS[name] for name in WITHOUT_RAY}
    modules = {name: _module(name, places) for name, places in wanted.items()}
    if not has_ray:
        modules |= {name: _module(name, {}) for name in RAY}
        for name in RAY[1:]:
            modules[name].register_env = _register_nothing  # type: ignore[attr-defined]
    for name, module in modules.items():
        above, _, last = name.rpartition(".")
        if above in modules:
            setattr(modules[above], last, module)
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    lent = has_abmarl and not hasattr(box, "get_inf")
    if lent:  # Abmarl's wrappers import it, and Gymnasium 1 has it no more
        box.get_inf = _infinity  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if lent:
            del box.get_inf  # type: ignore[attr-defined]
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _has_registry() -> bool:
    """Whether Ray's registry can be imported; Ray without the parts for tuning has none."""
    try:
        import_module(RAY[-1])
    except ImportError:
        return False
    return True


def _infinity(dtype: Any, sign: str) -> Any:
    """What stands for infinity among numbers of a type, `+` or `-`."""
    kind = np.dtype(dtype)
    bound = np.inf if kind.kind == "f" else np.iinfo(str(kind)).max
    return bound if sign == "+" else -bound


def _register_nothing(name: str, creator: Callable[..., Any]) -> None:
    """In the place of Ray's registry: the experiment's `sim_creator` makes what is registered."""


def _module(name: str, places: dict[str, str]) -> ModuleType:
    module = ModuleType(name, "Stands in for a module that is not installed.")
    module.__path__ = []
    for each, place in places.items():
        file, _, inner = place.partition(":")
        setattr(module, each, getattr(import_module(f"ecotone.sim.{file}"), inner or each))
    return module
