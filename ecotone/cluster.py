"""An experiment's collectors, each with its share of the environments, and the learner that they serve."""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax

from ecotone.envs.episodes import seed_of
from ecotone.envs.streams import compiled_stream, local_stream, only_compiled
from ecotone.experiment import Experiment
from ecotone.mistakes import Mistake
from ecotone.parties import join, sees_state
from ecotone.protocols import Algorithm, Stream
from ecotone.runs import MODULE, run_text
from ecotone.runtime.collector import Collecting, Collector
from ecotone.runtime.compiled import CompiledCollector
from ecotone.runtime.distributed import Distributed, Fleet
from ecotone.runtime.learn import fragment_length
from ecotone.runtime.party import Party
from ecotone.runtime.ray import RayFleet


def collectors_of(experiment: Experiment) -> int:
    """How many collectors there are; raises `Mistake` where environments cannot be shared out evenly among them."""
    asked, lanes = experiment.ray.collectors, experiment.lanes
    if asked is None:
        return 2 if lanes % 2 == 0 else 1
    check_shares("collectors", asked, lanes)
    return asked


def check_shares(who: str, count: int, lanes: int) -> None:
    """Raise `Mistake` where so many of `who` cannot have equal shares of so many environments."""
    if lanes % count:
        more = count * -(-lanes // count)
        raise Mistake(f"{count} {who} cannot have equal shares of {lanes} environments: say --num-envs {more}.")


@dataclass(frozen=True)
class Share:
    """Makes a collector wherever it is called, with an equal share of the environments.

    The first one of one collector has the seed of the local runtime; all others have streams of their own.

    Arguments:
        experiment: whose environment and algorithm are meant.
        collectors: how many there are.
        length: decisions per lane in a fragment.
    """

    experiment: Experiment
    collectors: int
    length: int

    def __call__(self, number: int, generation: int, leaves: list[Any]) -> Collecting:
        """The collector of that number, which had so many predecessors.

        Raises `Mistake` for an algorithm whose class was not made as this process makes them.
        """
        experiment, lanes = self.experiment, self.experiment.lanes // self.collectors
        seed = experiment.seed if number == generation == 0 else seed_of(experiment.seed, number, generation)
        if any(map(dataclasses.is_dataclass, jax.tree.leaves(experiment.algorithms))):
            raise Mistake(
                "classes of the script that runs are not known to collectors: run it with `ecotone train FILE`, or put the "
                "algorithm's classes into a module of their own."
            )
        algorithm, stream = parts(experiment, lanes, seed)
        if only_compiled(experiment.env):
            made: Collecting = CompiledCollector(algorithm, stream, seed, self.length)
        else:
            made = Collector(algorithm, stream, seed, self.length, first=number * lanes)
        spec: Any = stream.spec
        shapes = jax.eval_shape(lambda key: algorithm.policy(algorithm.init(key, spec)), jax.random.key(0))
        made.begin(jax.tree.unflatten(jax.tree.structure(shapes), leaves))
        return made


def on_ray(share: Share) -> Fleet:
    """The experiment's collectors, placed by Ray."""
    cluster = share.experiment.ray
    return RayFleet(share, share.collectors, cluster.cpus, cluster.patience, *_experiment_file())


def distributed(experiment: Experiment, placed: Callable[[Share], Fleet] = on_ray) -> Distributed:
    """The runtime of an experiment whose collectors are `placed` elsewhere; raises `Mistake` where they cannot serve it."""
    algorithm, stream = parts(experiment, 1, experiment.seed)
    length = fragment_length(algorithm, experiment.lanes)
    fleet = placed(Share(dataclasses.replace(experiment, callbacks=()), collectors_of(experiment), length))
    try:
        return Distributed(algorithm, stream, experiment.lanes, experiment.seed, experiment.overlaps, fleet)
    except BaseException:
        fleet.close()
        raise


def parts(experiment: Experiment, lanes: int, seed: int) -> tuple[Algorithm | Party, Stream]:
    """Algorithm and stream, of so many environments."""
    return compiled_parts(experiment, lanes) if only_compiled(experiment.env) else host_parts(experiment, lanes, seed)


def compiled_parts(experiment: Experiment, lanes: int) -> tuple[Algorithm | Party, Stream]:
    """Algorithm and a stream in JAX, of so many environments."""
    return join(experiment, compiled_stream(experiment.env, lanes, experiment.env_kwargs))


def host_parts(experiment: Experiment, lanes: int, seed: int) -> tuple[Algorithm | Party, Stream]:
    """Algorithm and a stream that Python steps, of so many environments."""
    return join(experiment, local_stream(experiment.env, lanes, experiment.env_kwargs, seed, sees_state(experiment)))


def _experiment_file() -> tuple[Callable[[], Any], list[str]]:
    """What makes the experiment's file known in another process, and the folder of modules beside it."""
    module = sys.modules.get(MODULE)
    if module is None or module.__file__ is None or not Path(module.__file__).is_file():
        return tuple, []
    path = Path(module.__file__).resolve()
    return partial(run_text, path, path.read_text()), [str(path.parent)]
