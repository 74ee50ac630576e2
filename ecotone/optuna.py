"""Optuna chooses the settings of a search's trials, and which of them are cut short."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ecotone.mistakes import MissingExtra, Mistake
from ecotone.runs import Run
from ecotone.runtime.events import Evaluated, Event, Stop
from ecotone.search import STUDY, Among, Range, Search, SearchFolder, Trial
from ecotone.training import Training, follow, make_engine

UNPRUNED = 5
"""Trials that nothing is compared to yet, and so all go to their ends."""
STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
OVER = "over"
"""Marks failed trials that came to their ends; those without it were left half-way."""
Watch = Callable[[Run, Event], None]


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise MissingExtra("a search", "optuna") from error
    return optuna


class Searching:
    """The trials of a search, one after another, from its beginning or where it was left.

    Iterate over it for what came of each. Settings are drawn by a tree-structured Parzen estimator (Bergstra et al. 2011).
    When `UNPRUNED` trials are over and a fifth of its steps is made, a trial ends as soon as its best evaluation is below
    the median of those of the others at that time. What was chosen and scored lies in the folder's journal; a trial that
    was left half-way is begun again.

    Arguments:
        kept: the search's folder.
        watch: is told every run's events, for showing progress.
    """

    def __init__(self, kept: SearchFolder, watch: Watch | None = None) -> None:
        self.folder, self.search = kept.folder, kept.search
        self._kept, self._watch = kept, watch
        self._study = _study(kept)
        self._ranges = {path: _distribution(range_) for path, range_ in self.search.over.items()}

    @property
    def trials(self) -> list[Trial]:
        """What came of those that are over, in the order of their beginning."""
        return [self._told(each) for each in self._study.trials if _is_over(each)]

    def __iter__(self) -> Iterator[Trial]:
        while len(self.trials) < self.search.trials:
            asked = self._study.ask(self._ranges)
            state, score = self._train(asked)
            asked.set_user_attr(OVER, True)
            self._study.tell(asked, score if state == "COMPLETE" else None, _optuna().trial.TrialState[state])
            trials = self.trials
            self._kept.tell(trials)
            yield trials[-1]

    def _train(self, asked: Any) -> tuple[str, float]:
        """How a trial ended, and its last score."""
        values = self._values(asked.params)
        try:
            run = self._kept.run(asked.number, values)
            training = Training(run, run.experiment, make_engine(run.experiment))
        except Mistake as error:
            chosen = ", ".join(f"{path}={value}" for path, value in values.items())
            raise Mistake(f"trial {asked.number} ({chosen}): {error}") from error
        scores: list[float] = []

        def watch(event: Event) -> None:
            if isinstance(event, Evaluated):
                scores.append(math.fsum(event.returns) / len(event.returns))
                asked.report(scores[-1], len(scores))
                if not math.isfinite(scores[-1]) or asked.should_prune():
                    training.ending = training.ending or Stop
            if self._watch is not None:
                self._watch(run, event)

        follow(training, watch)
        if not scores or not math.isfinite(scores[-1]):
            return "FAIL", math.nan
        return ("PRUNED" if training.ending is Stop else "COMPLETE"), scores[-1]

    def _values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {path: _value(range_, params[path]) for path, range_ in self.search.over.items() if path in params}

    def _told(self, trial: Any) -> Trial:
        reported = list(trial.intermediate_values.values())
        score = trial.value if trial.value is not None else (reported[-1] if reported else None)
        return Trial(trial.number, self._values(trial.params), STATES[trial.state.name], score)  # type: ignore[arg-type]


def _study(kept: SearchFolder) -> Any:
    """The study in the folder's journal; trials that were left half-way wait in it to be begun again."""
    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    backend = optuna.storages.journal.JournalFileBackend(str(kept.folder / STUDY))
    every, steps, seed = kept.search.experiment.evaluation.every, kept.search.experiment.steps, kept.search.experiment.seed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = optuna.storages.JournalStorage(backend)
        study = optuna.create_study(
            storage=storage,
            study_name="search",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(UNPRUNED, n_warmup_steps=max(steps // every // 5, 1)),
        )
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.enqueue_trial(trial.params)
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def _is_over(trial: Any) -> bool:
    return trial.state.name in ("COMPLETE", "PRUNED") or OVER in trial.user_attrs


def _distribution(range_: Range) -> Any:
    of = _optuna().distributions
    if isinstance(range_, Among):
        return of.CategoricalDistribution(range_.names)
    kind = of.IntDistribution if range_.whole else of.FloatDistribution
    return kind(range_.low, range_.high, log=range_.log)


def _value(range_: Range, drawn: Any) -> Any:
    return range_.values[range_.names.index(drawn)] if isinstance(range_, Among) else drawn


def begin_search(search: Search, code: str, watch: Watch | None = None) -> Searching:
    """Make ready a new search, with a folder of its own.

    Arguments:
        search: what to do.
        code: the text of a file that defines the experiment; the best trial's file is that with its settings.
        watch: is told every run's events, for showing progress.

    Raises `MissingExtra` where Optuna is not installed.
    """
    _optuna()
    return Searching(SearchFolder.create(search, code), watch)


def resume_search(folder: Path | str, trials: int | None = None, watch: Watch | None = None) -> Searching:
    """Make ready to go on with a search.

    Arguments:
        folder: the search's.
        trials: a new number of trials in all; none means as it was.
        watch: is told every run's events, for showing progress.

    Raises `Mistake` where it has all its trials.
    """
    kept = SearchFolder.open(Path(folder))
    if trials is not None:
        kept = SearchFolder(kept.folder, Search(kept.search.experiment, kept.search.over, trials))
    searching = Searching(kept, watch)
    if len(searching.trials) >= kept.search.trials:
        more = f"--trials {2 * kept.search.trials}"
        raise Mistake(f"{folder} already has {len(searching.trials)} trials: go on with, say, {more}.")
    kept.describe()
    return searching
