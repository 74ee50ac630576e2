"""Times Ecotone and its peers in turn, each in its own virtual environment, and writes a table of ratios.

python benchmarks/compare.py ppo-cartpole --peers sb3,sbx --runs 3
"""

import argparse
import dataclasses
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from contest import Contestant, run
from table import Results, page
from works import ENVIRONMENTS, HERE, PEERS, WORKS, Peer, Work

ECOTONE_DRIVER = HERE / "ecotone_driver.py"


def pairs(entries: list[str], what: str) -> dict[str, str]:
    """`NAME=VALUE` entries by name."""
    found = dict(entry.split("=", 1) for entry in entries if "=" in entry)
    wrong = [entry for entry in entries if "=" not in entry] + [n for n in found if n not in {*PEERS, "ecotone"}]
    if wrong:
        raise SystemExit(f"--{what} takes NAME=PATH with a name of {', '.join(PEERS)} or ecotone, not {wrong[0]}.")
    return {name: str(Path(path).absolute()) for name, path in found.items()}


def ours(name: str, python: str, variants: tuple[str, ...], caches: str) -> list[Contestant]:
    """Ecotone in its variants; `first` and `later` are without and with programs compiled by a run before."""
    made = []
    for variant in variants:
        told = "" if variant in ("first", "later") else variant
        options = ("--variant", told) if told else ()
        settings = {"XDG_CACHE_HOME": f"{caches}/{name}", "JAX_COMPILATION_CACHE_DIR": ""}
        title = f"Ecotone ({variant.replace('+', ', ')})" if variant else "Ecotone"
        made.append(Contestant(title, "ecotone", title, (python, str(ECOTONE_DRIVER), *options), settings))
    return made


def theirs(name: str, key: str, peer: Peer, python: str, checkout: str) -> list[Contestant]:
    """A peer in its variants."""
    made = []
    kinds = peer.variants.get(name, {"": ()})
    for (kind, options), (setting, settings) in itertools.product(kinds.items(), peer.settings.items()):
        more = ("--checkout", checkout) if peer.checkout else ()
        command = (python, str(HERE / "peers" / peer.driver), *peer.options, *options, *more)
        label = ", ".join(filter(None, (kind, setting)))
        title = f"{peer.title} ({label})" if label else peer.title
        made.append(Contestant(title, key, f"{key} {kind}", command, settings))
    return made


def python_of(key: str, peer: Peer, given: dict[str, str], checkouts: dict[str, str]) -> str:
    """The peer's Python; ends the program with what to do where there is none."""
    if peer.checkout and (key not in given or key not in checkouts):
        raise SystemExit(f"{key} is run from your own checkout: give --checkout {key}=PATH and --python {key}=PATH.")
    found = given.get(key, str(ENVIRONMENTS / peer.environment / "bin" / "python"))
    if not Path(found).exists():
        raise SystemExit(f"no {found}: run `python benchmarks/install_peers.py {peer.environment}`.")
    return found


def commit_of(checkout: str) -> str:
    """The short hash of a checkout."""
    told = subprocess.run(["git", "-C", checkout, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def contest(name: str, work: Work, contestants: list[Contestant], rounds: int, caches: str) -> Results:
    """Run everybody in turn, as many rounds as asked; a contestant that fails is left out from then on, with a word."""
    results: Results = {one: [] for one in contestants}
    for i in range(rounds):
        for one in list(results):
            once = one
            if one.title.endswith("(first)"):
                fresh = one.settings | {"XDG_CACHE_HOME": tempfile.mkdtemp(dir=caches)}
                once = dataclasses.replace(one, settings=fresh)
            if one.title.endswith("(later)") and i == 0:
                run(one, name, work, seed=rounds + 1)
            try:
                outcome = run(once, name, work, seed=i + 1)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                del results[one]
                continue
            results[one].append(outcome)
            shown = outcome.seconds_to_result if work.solve else outcome.score(work)
            print(f"round {i + 1}  {one.title}: {shown:,.1f} {'s' if work.solve else 'steps/s'}", flush=True)
    return results


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--peers", default="", help="names with commas between; none means all that can do the work")
    parser.add_argument("--variants", help="Ecotone's variants with commas between, instead of the work's own")
    parser.add_argument("--runs", type=int, default=0, help="rounds; none means 3, or 5 where a task is to be solved")
    parser.add_argument("--steps", type=int, default=0, help="environment steps, instead of the work's own")
    parser.add_argument("--warmup", type=int, default=-1, help="environment steps that are not timed, likewise")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH", help="a peer's (or our) Python")
    parser.add_argument("--checkout", action="append", default=[], metavar="NAME=PATH", help="a peer's repository")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the pages")
    return parser.parse_args()


def main() -> None:
    """Run the contest and write its page."""
    told = parse()
    work = WORKS[told.work]
    work = dataclasses.replace(work, steps=told.steps or work.steps)
    work = dataclasses.replace(work, warmup=told.warmup if told.warmup >= 0 else work.warmup)
    pythons, checkouts = pairs(told.python, "python"), pairs(told.checkout, "checkout")
    names = told.peers.split(",") if told.peers else list(work.peers)
    if unable := [name for name in names if name not in work.peers]:
        raise SystemExit(f"{unable[0]} cannot do {told.work}: choose from {', '.join(work.peers)}.")
    variants = work.ecotone if told.variants is None else tuple(told.variants.split(","))
    with tempfile.TemporaryDirectory() as caches:
        contestants = ours(told.work, pythons.get("ecotone", sys.executable), variants, caches)
        for key in names:
            python = python_of(key, PEERS[key], pythons, checkouts)
            contestants += theirs(told.work, key, PEERS[key], python, checkouts.get(key, ""))
        results = contest(told.work, work, contestants, told.runs or (5 if work.solve else 3), caches)
    if not results:
        raise SystemExit("nobody finished.")
    told.out.mkdir(parents=True, exist_ok=True)
    written = page(told.work, work, results, {name: commit_of(path) for name, path in checkouts.items()})
    (told.out / f"{told.work}.md").write_text(written)
    print(written)


if __name__ == "__main__":
    main()
