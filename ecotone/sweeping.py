"""Training the runs of a sweep: side by side in threads, or several in one program, or one after another."""

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

from ecotone.experiment import Experiment
from ecotone.mistakes import Mistake
from ecotone.parties import begin_from_sources
from ecotone.runs import Run
from ecotone.runtime import processor
from ecotone.runtime.compiled import Compiled
from ecotone.runtime.engine import Engine
from ecotone.runtime.events import Event, Stop
from ecotone.runtime.program import strong
from ecotone.runtime.together import Together
from ecotone.sweeps import Sweep, SweepFolder
from ecotone.training import Training, compiled_parts, follow, interrupts_end, is_compiled, make_engine

Told = tuple[Run, Event]
WAITING = 10_000
"""Events that training may be ahead of whoever reads them."""
THREADS_PER_CORE = 2
"""Runs side by side on CPU per core: while one waits for the disk to keep its checkpoint, another computes."""


class Sweeping:
    """The runs of a sweep, from their beginnings or newest checkpoints to their last steps.

    Iterate over it for pairs of run and event; what each run tells is recorded in its folder.

    On CPU, compiled runs train in twice as many threads as there are cores, each exactly as alone, all with the same
    compiled program where they differ in floats alone. (One program with an axis of runs is no faster there: the work per
    run stays the same. Accelerators, which wait for work, get such a program.) Runs of other runtimes follow one another.

    Arguments:
        kept: the sweep's folder.
        runs: those of its runs that have steps to go.
    """

    def __init__(self, kept: SweepFolder, runs: Sequence[Run]) -> None:
        self.folder, self.runs, self._kept = kept.folder, list(runs), kept
        processor.divide(max((run.experiment.devices for run in runs), default=1))
        for run in runs:
            processor.limit(run.experiment.threads)
        compiled = all(shares_program(run.experiment) for run in runs)
        if (kept.together or 1) > 1 and not compiled:
            raise Mistake("only compiled runs on one device each share a program: leave --together out.")
        on_cpu = jax.default_backend() == "cpu"
        self._together = (kept.together or (1 if on_cpu else len(self.runs))) if compiled else 1
        self._workers = THREADS_PER_CORE * cores() if compiled and on_cpu and self._together == 1 else 1
        self._patterns: dict[Any, Compiled] = {}
        self._told: queue.Queue[Told | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._live: list[Training] = []
        self._ending: type[BaseException] | None = None
        self._failure: BaseException | None = None

    @property
    def ending(self) -> type[BaseException] | None:
        """Why all runs end at their next fragment, if they do."""
        return self._ending

    @ending.setter
    def ending(self, why: type[BaseException]) -> None:
        """Let all runs end at their next fragment."""
        self._ending = why
        for training in list(self._live):
            training.ending = training.ending or why

    def __iter__(self) -> Iterator[Told]:
        worker = threading.Thread(target=self._work, name="sweep")
        with interrupts_end(self):
            worker.start()
            try:
                while (told := self._told.get()) is not None:
                    yield told
            finally:
                if worker.is_alive():
                    self.ending = self.ending or Stop
                    while self._told.get() is not None:
                        pass
                worker.join()
        if self._failure is not None:
            if not any(self.folder.glob("*/checkpoints/[0-9]*")):
                self._kept.remove()
            raise self._failure
        if self.ending is KeyboardInterrupt:
            raise KeyboardInterrupt

    def _work(self) -> None:
        try:
            with ThreadPoolExecutor(self._workers) as pool:
                list(pool.map(self._attempt, self.parts()))
        finally:
            self._told.put(None)

    def parts(self) -> Iterable[Sequence[Run]]:
        """The runs that train in one program, program by program."""
        if self._together == 1:
            return [[run] for run in self.runs]
        alike: dict[Any, list[Run]] = {}
        for run in self.runs:
            alike.setdefault(_structure(*compiled_parts(run.experiment)), []).append(run)
        return [same[i : i + self._together] for same in alike.values() for i in range(0, len(same), self._together)]

    def _attempt(self, runs: Sequence[Run]) -> None:
        if self._ending is not None:
            return
        try:
            trainings = self._begin(runs)
            with self._lock:
                self._live += trainings
            with ThreadPoolExecutor(len(runs)) as pool:
                list(pool.map(self._follow, trainings))
            self._live = [training for training in self._live if training not in trainings]
        except BaseException as error:
            self._fail(error)

    def _begin(self, runs: Sequence[Run]) -> list[Training]:
        trainings = [Training(r, r.experiment, e) for r, e in zip(runs, self._engines(runs), strict=True)]
        for training in trainings:
            if any(training.run.checkpoints.glob("[0-9]*")):
                training.restore()
            else:
                begin_from_sources(training.experiment, training.engine)
        return trainings

    def _engines(self, runs: Sequence[Run]) -> Sequence[Engine]:
        if self._together > 1:
            return Together([(*compiled_parts(run.experiment), run.experiment.seed) for run in runs]).members
        (run,) = runs
        if not shares_program(run.experiment):
            return [make_engine(run.experiment)]
        with self._lock:
            parts = compiled_parts(run.experiment)
            structure = _structure(*parts)
            if structure not in self._patterns:
                made = make_engine(run.experiment)
                assert isinstance(made, Compiled)
                self._patterns[structure] = made
                return [made]
        return [self._patterns[structure].again(*parts, run.experiment.seed)]

    def _follow(self, training: Training) -> None:
        if self._ending is not None:
            training.ending = training.ending or self._ending
        try:
            follow(training, lambda event: self._told.put((training.run, event)))
        except KeyboardInterrupt:
            pass
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """The first failure ends all runs."""
        with self._lock:
            self._failure = self._failure or error
        self.ending = self.ending or Stop


def shares_program(experiment: Experiment) -> bool:
    """Whether a run can share a program with others, or train beside them: in programs of several devices they would wait
    for each other."""
    return is_compiled(experiment) and experiment.devices == 1


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _structure(*parts: Any) -> Any:
    leaves, structure = jax.tree.flatten(parts)
    return structure, tuple(jax.typeof(leaf) for leaf in strong(leaves))


def begin_sweep(sweep: Sweep, source: Path | None = None) -> Sweeping:
    """Make ready a new sweep, with a folder of its own and one in it for each run.

    Arguments:
        sweep: what to do.
        source: the experiment's file, to be copied into the runs' folders.
    """
    kept = SweepFolder.create(sweep, source)
    try:
        return Sweeping(kept, [Run(kept.folder / name, experiment) for name, experiment in sweep.members().items()])
    except Mistake:
        kept.remove()
        raise


def resume_sweep(folder: Path | str, steps: int | None = None) -> Sweeping:
    """Make ready to go on with the runs of a sweep that have steps to go, each from its newest checkpoint.

    Arguments:
        folder: the sweep's.
        steps: a new end for all runs, environment steps; none means as it was.

    Raises `Mistake` where no run has steps to go.
    """
    kept = SweepFolder.open(Path(folder))
    runs = kept.runs()
    if steps is not None:
        runs = [Run(run.folder, replace(run.experiment, steps=steps)) for run in runs]
    left = [run for run in runs if run.steps() < run.experiment.steps]
    if not left:
        raise Mistake(f"every run in {folder} has all its steps: go on with a larger --steps.")
    for run in left:
        run.describe()
    return Sweeping(kept, left)


def train_sweep(sweep: Sweep, source: Path | None = None, watch: Callable[[Run, Event], None] | None = None) -> Sweeping:
    """Train all runs of a sweep to their ends, record everything in their folders, and return the sweep.

    Arguments:
        sweep: what to do.
        source: the experiment's file, to be copied into the runs' folders.
        watch: is told every run's events, for showing progress.
    """
    sweeping = begin_sweep(sweep, source)
    for run, event in sweeping:
        if watch is not None:
            watch(run, event)
    return sweeping
