"""`ecotone debug`: episodes of an environment told play by play, before anything is trained."""

import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from ecotone.cli.arguments import parse
from ecotone.cli.kwargs import env_kwargs
from ecotone.cli.runs import find_one
from ecotone.mistakes import Mistake

GO_ON, TO_THE_END, QUIT = "", "c", "q"
PROMPT = "[enter] next step   [c] on to the end   [q] quit  "


@dataclass(frozen=True)
class Options:
    """Play episodes of an environment, and write down what happens: by event, and by agent.

    --env-kwargs.KEY VALUE hands an argument to the environment.
    """

    what: Annotated[str, Positional, arg(metavar="ENV|EXPERIMENT.py|RUN")]
    """An environment's name, a Python file that defines an experiment (Abmarl's `params` too), or a run's folder."""
    policy: str = ""
    """Who plays: `random`, a Python file that defines `act(agent, observation)`, or a run's folder; none is random, or the
    policy of the run that is named."""
    episodes: Annotated[int, arg(aliases=["-n"])] = 1
    """How many to play."""
    steps: Annotated[int, arg(aliases=["-s"])] = 200
    """Steps after which an episode is left."""
    seed: int = 0
    """Of the environment and of random policies; the next episode has the next one."""
    step: bool = False
    """Show every step in the terminal and wait for a key."""
    render: bool = False
    """Keep pictures of every episode as `Episode_N.gif`."""
    out: Path = Path("debug")
    """Folder of all that is written."""


def main(arguments: Sequence[str]) -> int:
    """Debug; returns the exit code."""
    kwargs, arguments = env_kwargs(list(arguments))
    options = parse(Options, "ecotone debug", arguments)
    if options.episodes < 1 or options.steps < 1:
        raise Mistake("--episodes and --steps must be at least 1.")
    env, found, title, policy = _asked(options)
    folder = options.out / title / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    watch = Terminal() if options.step else None
    for episode in range(options.episodes):
        _episode(env, found | kwargs, policy, options, folder, episode, watch)
        if watch is not None and watch.ended:
            break
    print(folder)
    return 0


def _asked(options: Options) -> tuple[Any, dict[str, Any], str, str]:
    """The environment, its arguments, a title for the folder, and who plays."""
    from ecotone.runs import Run, read_experiment

    what = options.what
    if what.endswith(".py"):
        experiment = read_experiment(what)
        return experiment.env, experiment.env_kwargs, experiment.name, options.policy or "random"
    if Path(what).is_dir():
        folder = find_one(Path(what))
        experiment = Run.open(folder).experiment
        return experiment.env, experiment.env_kwargs, experiment.name, options.policy or str(folder)
    return what, {}, what.replace("/", "-").replace(":", "-"), options.policy or "random"


def _episode(
    env: Any, kwargs: dict[str, Any], policy: str, options: Options, folder: Path, episode: int, watch: "Terminal | None"
) -> None:
    """Play one episode, write it down, and print what came of it."""
    from ecotone.episodes import happenings
    from ecotone.playbook import by_agent, by_event
    from ecotone.progress import number

    seed = options.seed + episode
    stream, draw, close = _stream(env, kwargs, seed, options.render)
    told, pictures = [], []
    try:
        for happened in happenings(stream, _play(stream, policy, seed), options.steps):
            told.append(happened)
            if options.render:
                pictures.append(draw(happened))
            if watch is not None and not watch(happened):
                break
    finally:
        name = f"Episode_{episode + 1}"
        (folder / f"{name}_by_event.txt").write_text(by_event(told))
        (folder / f"{name}_by_agent.txt").write_text(by_agent(told))
        close()
    if pictures:
        _keep(pictures, folder / f"{name}.gif")
    returns: dict[str, float] = {}
    for happened in told:
        for agent, reward in happened.rewards.items():
            returns[agent] = returns.get(agent, 0.0) + reward
    how = "over" if told[-1].over else "left"
    each = ", ".join(f"{agent} {number(total)}" for agent, total in returns.items())
    print(f"episode {episode + 1}: {how} after {told[-1].step} steps; return {number(sum(returns.values()))} ({each})")


def _stream(env: Any, kwargs: dict[str, Any], seed: int, render: bool) -> tuple[Any, Callable[..., Any], Callable[[], None]]:
    """A stream of one copy, what draws it after a step, and what closes it."""
    from ecotone.envs.stepwise import Stepwise
    from ecotone.envs.streams import compiled_stream, local_stream, only_compiled
    from ecotone.episodes import Alone
    from ecotone.playing.alone import quiet
    from ecotone.teams import MultiAgentStream

    mode = "rgb_array" if render else None
    quiet(mode)
    compiled = only_compiled(env)
    if compiled:
        stream: Any = Stepwise(compiled_stream(env, 1, kwargs))
    else:
        stream = local_stream(env, 1, kwargs, seed, render_mode=mode)
    many: Any = stream if isinstance(stream, MultiAgentStream) else Alone(stream)
    draw = (_scene(env, stream) if compiled else _copy(stream)) if render else lambda happened: None
    return many, draw, getattr(stream, "close", lambda: None)


def _copy(stream: Any) -> Callable[..., Any]:
    copy = (getattr(stream, "environments", None) or stream.vector.envs)[0]
    if not hasattr(copy, "render"):
        raise Mistake(f"{type(copy).__name__} has no `render()`: leave --render out.")
    return lambda happened: copy.render()


def _scene(name: Any, stream: Any) -> Callable[..., Any]:
    import jax

    from ecotone.pictures.film import Stage
    from ecotone.recording import Drawable

    env = stream.environment
    if not isinstance(env, Drawable):
        raise Mistake(f"{name} exists in compiled form alone, and has no scene to draw: leave --render out.")
    stage = Stage(env.scene)
    alone = lambda tree: jax.tree.map(lambda x: x[0], tree)
    return lambda happened: stage(env.frame(alone(happened.state.inner)), str(name), f"step {happened.step}")


def _play(stream: Any, policy: str, seed: int) -> Iterator[Any]:
    import jax

    from ecotone.players import by_choice, by_policy, by_script, randomly

    key = jax.random.key(seed)
    if policy == "random":
        return by_choice(stream, randomly(stream, seed), key)
    if policy.endswith(".py"):
        return by_choice(stream, by_script(stream, _act_of(Path(policy))), key)
    if Path(policy).is_dir():
        return by_policy(stream, find_one(Path(policy)), key)
    raise Mistake(f"--policy is `random`, a Python file with `act(agent, observation)`, or a run's folder, not '{policy}'.")


def _act_of(path: Path) -> Callable[[str, Any], Any]:
    import runpy

    if not path.is_file():
        raise Mistake(f"there is no policy file {path}.")
    act = runpy.run_path(str(path)).get("act")
    if not callable(act):
        raise Mistake(f"{path} defines no function `act(agent, observation)`.")
    return act


def _keep(pictures: list[Any], path: Path) -> None:
    import imageio.v2 as imageio

    if any(picture is None for picture in pictures):
        raise Mistake("the environment drew nothing: its `render()` has to return pictures [H, W, 3].")
    imageio.mimsave(path, pictures, duration=200.0, loop=0)


class Terminal:
    """Shows steps one by one; false once the user wants no more."""

    def __init__(self) -> None:
        self.ended = self.runs = False

    def __call__(self, happened: Any) -> bool:
        """Show a step, and wait for a key unless the user has let it run."""
        from ecotone.playbook import event

        print(event(happened), flush=True)
        if not self.runs and not happened.over:
            answer = _key()
            self.runs, self.ended = answer == TO_THE_END, answer == QUIT
        elif happened.over:
            self.runs = False
        print()
        return not self.ended


def _key() -> str:
    """One key pressed: `GO_ON`, `TO_THE_END` or `QUIT`; where there is no terminal, the first letter of a line."""
    print(PROMPT, end="", flush=True)
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line.strip().lower()[:1] if line else TO_THE_END
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin, termios.TCSANOW)
        pressed = sys.stdin.read(1).lower()
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
    print()
    return pressed if pressed in (TO_THE_END, QUIT) else GO_ON
