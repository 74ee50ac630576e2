"""Training as an iterator of events."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import jax

from ecotone import checkpoint, cluster
from ecotone.envs.agents.grouped import Grouped
from ecotone.envs.streams import only_compiled
from ecotone.envs.wrapped import unwrapped
from ecotone.evaluation import Evaluator
from ecotone.experiment import Cluster, Experiment
from ecotone.metrics import Recorder
from ecotone.mistakes import Mistake
from ecotone.parties import begin_from_sources
from ecotone.protocols import Algorithm, Stream
from ecotone.runs import Run
from ecotone.runtime import processor
from ecotone.runtime.compiled import Compiled
from ecotone.runtime.engine import Engine
from ecotone.runtime.events import Collected, EpisodeEnded, Event, Saved, SetTask, Stop, Updated
from ecotone.runtime.local import Local
from ecotone.runtime.party import Party
from ecotone.runtime.spread import Spread, share
from ecotone.trajectory import Episodes


def cache_programs() -> None:
    """Keep compiled programs on disk between runs, unless the user has chosen where."""
    if jax.config.jax_compilation_cache_dir is None:  # type: ignore[attr-defined]
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        jax.config.update("jax_compilation_cache_dir", str(home / "ecotone" / "programs"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def is_compiled(experiment: Experiment) -> bool:
    """Whether the compiled runtime serves the experiment."""
    return experiment.runtime == "compiled" or (experiment.runtime == "auto" and only_compiled(experiment.env))


def compiled_parts(experiment: Experiment) -> tuple[Algorithm | Party, Stream]:
    """Algorithm and stream of the compiled runtime, as one device runs them.

    Raises `Mistake` where it cannot serve the experiment.
    """
    if experiment.overlap:
        raise Mistake("the compiled runtime does not overlap: use the local runtime, or leave --overlap out.")
    algorithm, stream = cluster.compiled_parts(experiment, experiment.lanes // experiment.devices)
    return share(algorithm, experiment.devices), stream


def make_engine(experiment: Experiment) -> Engine:
    """The runtime that the experiment asks for; raises `Mistake` where it cannot serve it."""
    cache_programs()
    _check_devices(experiment)
    processor.divide(experiment.devices)
    processor.limit(experiment.threads)
    if experiment.runtime == "ray":
        return _explained(lambda: cluster.distributed(experiment))
    if experiment.ray != Cluster():
        raise Mistake("`ray` says who collects in the ray runtime: add --runtime ray, or leave it out.")
    seed, devices = experiment.seed, experiment.devices
    if is_compiled(experiment):
        return _explained(lambda: Compiled(*compiled_parts(experiment), seed, Spread(devices)))
    parts = lambda: cluster.host_parts(experiment, experiment.lanes, seed)
    return _explained(lambda: Local(*parts(), seed, experiment.overlaps, spread=Spread(devices)))


def _check_devices(experiment: Experiment) -> None:
    """Raise `Mistake` where devices cannot share the experiment's environments."""
    if experiment.devices > 1 and experiment.runtime == "ray":
        raise Mistake("the ray runtime learns on one device: leave --devices out.")
    cluster.check_shares("devices", experiment.devices, experiment.lanes)


def _explained(make: Callable[[], Engine]) -> Engine:
    try:
        return make()
    except Mistake:
        raise
    except ValueError as error:
        raise Mistake(str(error)) from error


class Training:
    """One run, from its beginning or its newest checkpoint to its last step.

    Iterate over it for the events; `steps` says how far it is.
    """

    def __init__(self, run: Run, experiment: Experiment, engine: Engine) -> None:
        self.run, self.experiment, self.engine = run, experiment, engine
        self._grouped = engine.stream if isinstance(engine.stream, Grouped) else None
        self.episodes = Episodes(engine.lanes, len(self._grouped.world.agents) if self._grouped else 0)
        self.evaluator = Evaluator(experiment) if experiment.evaluation.every else None
        self.steps = 0
        self.ending: type[BaseException] | None = None

    def __iter__(self) -> Iterator[Event]:
        with interrupts_end(self):
            try:
                for event in self._events():
                    yield event
                    self._tell(event)
            except Mistake:
                if not any(self.run.checkpoints.glob("[0-9]*")):
                    self.run.remove()
                raise
            finally:
                self.engine.close()

    def _events(self) -> Iterator[Event]:
        experiment = self.experiment
        evaluation = _Marks(experiment.evaluation.every, self.steps)
        saving = _Marks(experiment.checkpoint.every or max(experiment.steps // 10, 1), self.steps)
        saved = -1
        while self.steps < experiment.steps and self.ending is None:
            until = min(experiment.steps, evaluation.next, saving.next)
            yield from self._advance(until - self.steps)
            if self.evaluator is not None and evaluation.reached(self.steps):
                yield self.evaluator(self.engine.params(), self.steps)
            if saving.reached(self.steps):
                saved = self.steps
                yield self._save()
        if saved != self.steps:
            yield self._save()
        if self.ending is KeyboardInterrupt:
            raise KeyboardInterrupt

    def _advance(self, budget: int) -> Iterator[Event]:
        for piece in self.engine.advance(budget):
            self.steps += int(piece.acted[:-1].sum())
            yield Collected(self.steps, piece.rows)
            for lane, got, length in self.episodes.add(piece.is_first, piece.acted, piece.reward, piece.lanes):
                yield self._ended(lane, got, length)
            yield Updated(self.steps, piece.updates, piece.metrics)

    def _ended(self, lane: int, got: Any, length: int) -> EpisodeEnded:
        if self._grouped is None:
            return EpisodeEnded(self.steps, lane, got, length)
        shares = ({name: float(share) for name, share in each.items()} for each in self._grouped.shares(got))
        return EpisodeEnded(self.steps, lane, float(got.sum()), length, *shares)

    def _tell(self, event: Event) -> None:
        for callback in self.experiment.callbacks:
            try:
                answer = callback(event)
            except Stop:
                self.ending = self.ending or Stop
                continue
            if isinstance(answer, SetTask):
                self.engine.set_task(answer.task)

    def _save(self) -> Saved:
        engine, kept = self.engine, self.experiment.checkpoint.keep
        saved = engine.save()
        saved.loose["training"] = {
            "returns": self.episodes.returns,
            "lengths": self.episodes.lengths,
        }
        seen = self._grouped.world if self._grouped else unwrapped(engine.stream).spec
        path = checkpoint.write(self.run.checkpoints, self.steps, saved, engine.params(), seen, kept)
        return Saved(self.steps, path)

    def restore(self) -> None:
        """Go on from the run's newest whole checkpoint."""
        self.steps, saved = checkpoint.newest(self.run.checkpoints, self.engine.save().tree)
        self.engine.restore(saved)
        training = saved.loose["training"]
        self.episodes.returns, self.episodes.lengths = training["returns"], training["lengths"]


class _Marks:
    """The next multiple of `every` environment steps; never, if `every` is 0."""

    def __init__(self, every: int, steps: int) -> None:
        self.every = every
        self._pass(steps)

    def _pass(self, steps: int) -> None:
        self.next = (steps // self.every + 1) * self.every if self.every else sys.maxsize

    def reached(self, steps: int) -> bool:
        if steps < self.next:
            return False
        self._pass(steps)
        return True


class Endable(Protocol):
    """What can be asked to end."""

    @property
    def ending(self) -> type[BaseException] | None: ...

    @ending.setter
    def ending(self, why: type[BaseException]) -> None: ...


@contextmanager
def interrupts_end(training: Endable) -> Iterator[None]:
    """Ctrl-C and termination end training at the next fragment; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        if training.ending is not None:
            raise KeyboardInterrupt
        training.ending = KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(experiment: Experiment) -> Iterator[Event]:
    """Train in a new run folder and tell what happens; nothing but checkpoints is recorded there."""
    yield from begin(experiment)


def begin(experiment: Experiment, resume: Run | None = None, source: Path | None = None) -> Training:
    """Make ready a new run, or one to go on with from its newest checkpoint; its folder appears only if that works.

    Arguments:
        experiment: what to do.
        resume: the run to go on with.
        source: the experiment's file, to be copied into a new run's folder.
    """
    engine = make_engine(experiment)
    if resume is None:
        begin_from_sources(experiment, engine)
        return Training(Run.create(experiment, source), experiment, engine)
    run = Run(resume.folder, experiment)
    training = Training(run, experiment, engine)
    training.restore()
    run.describe()
    return training


def train(
    experiment: Experiment,
    resume: Run | None = None,
    source: Path | None = None,
    watch: Callable[[Event], None] | None = None,
) -> Run:
    """Train to the end, record everything in the run's folder, and return the run.

    Arguments:
        experiment: what to do; a resumed run goes on with it.
        resume: a run to go on with from its newest checkpoint, instead of a new one.
        source: the experiment's file, to be copied into a new run's folder.
        watch: is told every event, for showing progress.
    """
    return follow(begin(experiment, resume, source), watch)


def follow(training: Training, watch: Callable[[Event], None] | None = None) -> Run:
    """Train to the end, record everything in the run's folder, tell `watch` every event, and return the run."""
    record = Recorder(training.run.folder, training.experiment.steps, training.steps)
    try:
        for event in training:
            record(event)
            if watch is not None:
                watch(event)
    finally:
        record.close()
    return training.run
