"""Slow or fragile simulators, each copy in a process of its own: copies work at once, and none brings training down."""

import importlib
import importlib.util
import multiprocessing
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecotone.mistakes import Mistake
from ecotone.sim.dones import environment_of
from ecotone.sim.managers import ALL

STARTING = 120.0
"""Seconds that a process may take until its simulator is made."""
READ, CALL = "read", "call"


class _Failed(Exception):
    """A process died, took too long, or its simulator raised an error; says which."""


def in_process(path: str, timeout: float = 60.0, patience: int = 3, **arguments: Any) -> Callable[..., "RemoteEnvironment"]:
    """A function that makes copies of a simulator, each in a process of its own, for `Experiment(in_process(...), ...)`.

    Arguments:
        path: where its maker is, `package.module:function` or `file.py:function`; the function gives a simulation manager or
            another environment that speaks in dictionaries.
        timeout: seconds that a step or reset may take.
        patience: failures in a row, without an episode that ended by itself in between, that are borne.
        arguments: of the maker.
    """

    def make(**more: Any) -> RemoteEnvironment:
        return RemoteEnvironment(path, arguments | more, timeout, patience)

    make.__name__ = path.rpartition(":")[2]
    return make


class RemoteEnvironment:
    """A simulator in a process of its own, in the dictionary interface.

    Where the process dies, a step takes too long, or the simulator raises an error, a warning says so, the episode is cut
    short with what each agent saw last, and a new process begins the next one. What passes between the processes are the
    actions and what they bring, over a pipe that nobody else has.

    Arguments: see `in_process`.

    Raises:
        Mistake: there is no such maker, or patience is at an end.
    """

    def __init__(self, path: str, arguments: dict[str, Any], timeout: float = 60.0, patience: int = 3) -> None:
        if ":" not in path:
            raise Mistake(f"'{path}' names no maker: write 'package.module:function' or 'file.py:function'.")
        self.path, self.arguments, self.timeout, self.patience = path, arguments, timeout, patience
        self.failures, self._seen, self._sent = 0, {}, False
        self._pipe: Any = None
        try:
            described = self._start()
        except _Failed as error:
            raise Mistake(f"{path} could not be made: {error}") from None
        self.possible_agents: list[str] = described["possible_agents"]
        self.observation_spaces, self.action_spaces = described["observation_spaces"], described["action_spaces"]
        self.simultaneous: bool = described["simultaneous"]
        self.state_space = described["state_space"]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode, in a new process where the old one failed; raises `Mistake` when patience is at an end."""
        while True:
            try:
                if self._pipe is None:
                    self._start()
                observations, infos = self._call("reset", seed=seed, options=options)
                self._seen = dict(observations)
                return observations, infos
            except _Failed as error:
                self._fail(error, "beginning an episode")

    def send(self, actions: dict[str, Any]) -> None:
        """Let the simulator begin a step, and do not wait for it."""
        self._began = time.monotonic()
        try:
            self._pipe.send((CALL, "step", (actions,), {}))
            self._sent = True
        except (OSError, ValueError):  # receive says what happened
            self._sent = False

    def receive(self) -> tuple[dict, dict, dict, dict, dict]:
        """What the step brought that `send` began, or the end of the episode where it failed."""
        try:
            if not self._sent:
                raise _Failed(self._death())
            answer = tuple(self._answer(self._began + self.timeout))
        except _Failed as error:
            self._fail(error, "a step")
            return self._cut_short()
        observations, _, terminations, truncations, _ = answer
        self._seen.update(observations)
        for name in [name for name in self._seen if terminations.get(name) or truncations.get(name)]:
            del self._seen[name]
        if terminations.get(ALL) or truncations.get(ALL) or not self._seen:
            self.failures = 0
        return answer

    def step(self, actions: dict[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Take actions, and wait for what they bring."""
        self.send(actions)
        return self.receive()

    def state(self) -> Any:
        """The simulator's whole state."""
        return self._call("state")

    def set_task(self, task: Any) -> None:
        """Hand a task to the simulator, and to those that come after it."""
        self._call("set_task", task)

    def render(self) -> Any:
        """A picture, as the simulator draws it."""
        return self._call("render")

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._end()

    def _start(self) -> dict[str, Any]:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self.path, self.arguments), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.send((READ,))
        return self._answer(time.monotonic() + STARTING)

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        try:
            self._pipe.send((CALL, method, arguments, options))
        except (OSError, ValueError) as error:
            raise _Failed(self._death()) from error
        return self._answer(time.monotonic() + self.timeout)

    def _answer(self, deadline: float) -> Any:
        try:
            if not self._pipe.poll(max(deadline - time.monotonic(), 0.0)):
                raise _Failed(f"it gave no answer within {self.timeout:g} seconds.")
            kind, what = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise _Failed(self._death()) from error
        if kind == "error":
            raise _Failed(what)
        return what

    def _death(self) -> str:
        self._process.join(1.0)
        return f"its process ended with the exit code {self._process.exitcode}."

    def _fail(self, error: _Failed, where: str) -> None:
        self._end()
        self.failures += 1
        if self.failures > self.patience:
            raise Mistake(f"{self.path} failed {self.failures} times in a row, at last in {where}: {error}") from None
        warnings.warn(f"{self.path} failed in {where}: {error} The copy begins anew.", stacklevel=4)

    def _end(self) -> None:
        self._pipe.close()
        self._pipe = None
        self._process.kill()
        self._process.join()

    def _cut_short(self) -> tuple[dict, dict, dict, dict, dict]:
        nothing = dict.fromkeys(self._seen, False)
        cut = dict.fromkeys(self._seen, True) | {ALL: True}
        return (
            dict(self._seen),
            dict.fromkeys(self._seen, 0.0),
            nothing | {ALL: False},
            cut,
            {name: {} for name in self._seen},
        )


def _serve(pipe: Any, path: str, arguments: dict[str, Any]) -> None:
    """What the process does: make the simulator, and answer until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    env: Any = None
    while True:
        try:
            command, *what = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            if env is None:
                env = environment_of(_maker(path)(**arguments))
            pipe.send(("done", _described(env) if command == READ else getattr(env, what[0])(*what[1], **what[2])))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            pipe.send(("error", f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})."))


def _maker(path: str) -> Callable[..., Any]:
    place, _, function = path.rpartition(":")
    if not place.endswith(".py"):
        return getattr(importlib.import_module(place), function)
    spec = importlib.util.spec_from_file_location("ecotone_simulator", place)
    if spec is None or spec.loader is None or not Path(place).is_file():
        raise FileNotFoundError(f"there is no file {place}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(Path(place).resolve().parent))
    spec.loader.exec_module(module)
    return getattr(module, function)


def _described(env: Any) -> dict[str, Any]:
    names = list(env.possible_agents)
    return {
        "possible_agents": names,
        "observation_spaces": {name: env.observation_space(name) for name in names},
        "action_spaces": {name: env.action_space(name) for name in names},
        "simultaneous": bool(getattr(env, "simultaneous", False)),
        "state_space": getattr(env, "state_space", None),
    }
