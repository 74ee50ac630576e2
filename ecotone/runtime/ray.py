"""Collectors as Ray's actors, on this machine or on many."""

import logging
import math
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ecotone.mistakes import MissingExtra, Mistake
from ecotone.runtime.distributed import Fragment
from ecotone.runtime.engine import Saved
from ecotone.runtime.remote import SETTINGS, Make, Remote

PLACING = 60.0
"""Seconds after which collectors that have no place yet are spoken of."""
CLOSING = 5.0
"""Seconds that collectors are given to free their environments."""


@dataclass
class Place:
    """A collector's place: its actor, how many were there before it, failures in a row, and what it is at work on."""

    actor: Any
    generation: int = 0
    failures: int = 0
    work: Any = None
    version: int = 0


class RayFleet:
    """Collectors that Ray places where there is room, and places anew when they are lost.

    Lost is a collector whose process or machine ended; what it was collecting is dropped, and its successor has fresh
    environments and a stream of random numbers of its own. Errors that the environment raises are not losses: they end
    training as they do in one process.

    Arguments:
        make: makes a collector, from its number, how many were there before it, and its first weights.
        collectors: how many.
        cpus: processors that Ray sets aside for each.
        patience: losses of a collector in a row, without a fragment in between, that are borne.
        ready: is called in each process before anything of the experiment's comes there.
        paths: where modules are found, beside where Python finds them.

    Raises:
        MissingExtra: Ray is not installed.
        Mistake: there is no cluster at `RAY_ADDRESS`. While it runs: patience is at an end.
    """

    def __init__(
        self,
        make: Make,
        collectors: int,
        cpus: float = 1.0,
        patience: int = 3,
        ready: Callable[[], Any] = tuple,
        paths: Sequence[str] = (),
    ) -> None:
        self._ray = _installed()
        self.collectors, self._make, self._cpus, self._patience = collectors, make, cpus, patience
        self._ready, self._paths = ready, [*sys.path, *paths]
        self._started = connect(math.ceil(cpus * collectors))
        self._actor = self._ray.remote(num_cpus=cpus, scheduling_strategy="SPREAD")(Remote)
        self._places: list[Place] = []
        self._held: dict[int, Fragment] = {}
        self._version, self._weights, self._tasks = -1, None, []

    def begin(self, leaves: list[Any]) -> None:
        """Place the collectors, and wait until they are ready."""
        self._put(leaves)
        begun = []
        for number in range(self.collectors):
            self._places.append(Place(self._actor.remote()))
            begun.append(self._begin(number))
        self._await_places([answers[0] for answers in begun])
        for number, answer in enumerate(begun):
            self._answered(number, answer, lambda: [])

    def _await_places(self, prepared: list[Any]) -> None:
        """Say so where there is no room for all collectors; they are waited for all the same."""
        _, waiting = self._ray.wait(prepared, num_returns=len(prepared), timeout=PLACING)
        if waiting:
            cpus = self._ray.cluster_resources().get("CPU", 0.0)
            warnings.warn(
                f"{len(waiting)} of {self.collectors} collectors wait for room: each takes {self._cpus:g} CPUs, and Ray has "
                f"{cpus:g}. They begin when others end or machines join.",
                stacklevel=4,
            )

    def _begin(self, number: int) -> Any:
        """Have a new actor made a collector, and begin what its predecessor was at."""
        place = self._places[number]
        settings = {name: jax.config.values[name] for name in SETTINGS}
        answers = [
            place.actor.prepare.remote(self._paths, settings, self._ready),
            place.actor.begin.remote(self._make, number, place.generation, self._weights),
            *(place.actor.set_task.remote(task) for task in self._tasks),
        ]
        if place.work is not None:
            self.launch(number)
        return answers

    def _put(self, leaves: list[Any]) -> None:
        self._weights = self._ray.put([np.asarray(leaf) for leaf in leaves])

    def send(self, leaves: list[Any], version: int) -> None:
        """Put the weights where every collector's machine fetches them once."""
        if version != self._version:
            self._put(leaves)
            self._version = version

    def launch(self, collector: int) -> None:
        """Let a collector begin its next fragment."""
        place = self._places[collector]
        place.version, place.work = self._version, place.actor.collect.remote(self._weights)

    def claim(self, collector: int | None = None) -> Fragment:
        """The fragment that a collector was to collect, or the first that arrives."""
        if collector is None:
            collector = self._first()
        if collector in self._held:
            return self._held.pop(collector)
        place = self._places[collector]
        rows, warned = self._answered(collector, place.work, lambda: place.work)
        place.work, place.failures = None, 0
        for message in warned:
            warnings.warn(f"collector {collector}: {message}", stacklevel=2)
        return Fragment(collector, place.version, rows)

    def _first(self) -> int:
        """Whose fragment there is to claim first; waits until there is one."""
        if self._held:
            return min(self._held)
        works = [place.work for place in self._places]
        done, _ = self._ray.wait([work for work in works if work is not None], num_returns=1)
        return works.index(done[0])

    def hold(self) -> list[Fragment]:
        """Wait for all that was launched."""
        for number, place in enumerate(self._places):
            if place.work is not None:
                self._held[number] = self.claim(number)
        return [self._held[number] for number in sorted(self._held)]

    def save(self) -> list[Saved]:
        """Where each collector is."""
        saved = self._ask_all("save")
        return [
            Saved(tree, loose | {"generation": p.generation}) for (tree, loose), p in zip(saved, self._places, strict=True)
        ]

    def restore(self, saved: Sequence[Saved], fragments: Sequence[Fragment]) -> None:
        """Continue from there; a collector that had predecessors is placed as if they had been there."""
        for number, (each, place) in enumerate(zip(saved, self._places, strict=True)):
            if place.generation != each.loose["generation"]:
                self._replace(number, each.loose["generation"])
            self._ask(number, "restore", each, self._weights)
        self._held, self._version = {each.collector: each for each in fragments}, -1

    def set_task(self, task: Any) -> None:
        """Change the environments' task, and that of collectors to come."""
        self._ask_all("set_task", task)
        self._tasks = [task]

    def close(self) -> None:
        """Let the collectors free what they hold, and end them; and Ray, if it was started here."""
        actors = [place.actor for place in self._places]
        if actors:
            self._ray.wait([actor.close.remote() for actor in actors], num_returns=len(actors), timeout=CLOSING)
        for actor in actors:
            self._ray.kill(actor)
        self._places = []
        if self._started:
            self._ray.shutdown()

    def _ask_all(self, method: str, *arguments: Any) -> list[Any]:
        return [self._ask(number, method, *arguments) for number in range(self.collectors)]

    def _ask(self, number: int, method: str, *arguments: Any) -> Any:
        again = lambda: getattr(self._places[number].actor, method).remote(*arguments)
        return self._answered(number, again(), again)

    def _answered(self, number: int, answer: Any, again: Callable[[], Any]) -> Any:
        """What a collector answers, or if it is lost, what its successor does when asked `again`."""
        exceptions = self._ray.exceptions
        while True:
            try:
                return self._ray.get(answer)
            except exceptions.RayTaskError as error:
                if isinstance(error.cause, Mistake):
                    raise Mistake(str(error.cause)) from None
                raise
            except exceptions.RayError as error:
                self._lost(number, error)
                answer = again()

    def _lost(self, number: int, error: Exception) -> None:
        place, why = self._places[number], str(error).strip().split("\n")[0]
        place.failures += 1
        if place.failures > self._patience:
            raise Mistake(
                f"collector {number} was lost, {place.failures} in a row ({why}): see whether its machine has memory "
                "enough, or bear more with --ray.patience; `ecotone train --resume` goes on from the newest checkpoint."
            ) from error
        warnings.warn(
            f"collector {number} was lost ({why}): what it was collecting is dropped, and another begins with fresh "
            "environments.",
            stacklevel=5,
        )
        self._replace(number, place.generation + 1)

    def _replace(self, number: int, generation: int) -> None:
        place = self._places[number]
        self._ray.kill(place.actor)
        place.actor, place.generation = self._actor.remote(), generation
        answers = self._begin(number)
        self._await_places(answers[:1])
        self._answered(number, answers, lambda: [])


def _installed() -> Any:
    """Ray, quiet about itself; raises `MissingExtra` where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise MissingExtra("the ray runtime", "ray") from error
    return ray


def connect(cpus: int) -> bool:
    """Join the cluster that `RAY_ADDRESS` names, or start Ray on this machine with so many CPUs; whether it was started.

    A Ray that this process has joined already stays as it is. Raises `Mistake` where no cluster is at the address.
    """
    ray = _installed()
    if ray.is_initialized():
        return False
    address = os.environ.get("RAY_ADDRESS", "")
    logging.getLogger("ray").setLevel(logging.ERROR)
    quietly: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "logging_level": logging.ERROR}
    if address:
        try:
            ray.init(address=address, **quietly)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise Mistake(f"there is no Ray cluster at {address}: {error}") from error
        return False
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # what is forked becomes another program at once
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **quietly)
    return True
