"""From outcomes to a page of tables."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from contest import Contestant, Outcome
from works import Work

Results = dict[Contestant, list[Outcome]]
"""By contestant, one outcome per round; round i of all ran one after the other."""


def spread(values: list[float], digits: int = 2) -> str:
    """Median, least and greatest."""
    show = lambda x: f"{x:,.0f}" if abs(x) >= 1_000 else f"{x:.{digits}f}" if abs(x) < 100 else f"{x:.0f}"
    return f"{show(median(values))} ({show(min(values))} – {show(max(values))})"


def ratios(work: Work, ours: list[Outcome], theirs: list[Outcome]) -> list[float]:
    """How many times better we were, round by round."""
    return [a.score(work) / b.score(work) for a, b in zip(ours, theirs, strict=True)]


def best_of_families(work: Work, results: Results, library: str | None) -> list[Contestant]:
    """Of every family of peers (or of one library's, if named) the variant with the best median."""
    best: dict[str, Contestant] = {}
    rate = lambda one: median(outcome.score(work) for outcome in results[one])
    for one in results:
        if (one.library == "ecotone") == (library == "ecotone") and (
            one.family not in best or rate(one) > rate(best[one.family])
        ):
            best[one.family] = one
    return list(best.values())


def machine() -> str:
    """Processor, cores that this process may use, and Python."""
    model = platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        names = [line.split(":", 1)[1].strip() for line in described.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def measured(work: Work, results: Results) -> list[str]:
    """One line per contestant."""
    what = "seconds until solved" if work.solve else "steps/s after warm-up"
    lines = [f"| contestant | {what} | whole process, s | {'steps' if work.solve else 'return'} |", "|---|---|---|---|"]
    for one, outcomes in results.items():
        rate = [o.seconds_to_result if work.solve else o.score(work) for o in outcomes]
        last = [o.told["steps" if work.solve else "return"] for o in outcomes]
        shown = spread(last, 1) if None not in last else "–"
        lines.append(f"| {one.title} | {spread(rate)} | {spread([o.seconds for o in outcomes], 1)} | {shown} |")
    return lines


def compared(work: Work, results: Results) -> list[str]:
    """Ratios of each of Ecotone's variants to every peer's best variant."""
    ours = [one for one in results if one.library == "ecotone"]
    peers = best_of_families(work, results, None)
    if not ours or not peers:
        return []
    lines = ["| times as fast as | " + " | ".join(one.title for one in ours) + " |", "|---" * (len(ours) + 1) + "|"]
    for peer in peers:
        cells = [spread(ratios(work, results[one], results[peer])) for one in ours]
        lines.append(f"| {peer.title} | " + " | ".join(cells) + " |")
    return lines


def known_versions(results: Results, commits: dict[str, str]) -> list[str]:
    """What each library was made of; variants share a line where nothing differs."""
    titles: dict[str, list[str]] = {}
    for one, outcomes in results.items():
        parts = [f"commit {commits[one.library]}"] if one.library in commits else []
        parts += [f"{name} {version}" for name, version in outcomes[0].told["versions"].items()]
        titles.setdefault(", ".join(parts), []).append(one.title)
    return [f"- {'; '.join(named)}: {parts}" for parts, named in titles.items()]


def page(name: str, work: Work, results: Results, commits: dict[str, str]) -> str:
    """The whole page of a work."""
    rounds = len(next(iter(results.values())))
    said = f"{datetime.now(UTC):%Y-%m-%d}; {machine()}; in each of {rounds} round(s) everybody ran once, in turn."
    size = f"{work.steps:,} environment steps, of which the first {work.warmup:,} are not timed."
    parts = [
        f"# {name}",
        f"{work.title}.",
        said,
        "" if work.solve else size,
        "\n".join(compared(work, results)),
        "Median (least – greatest) of the rounds; a ratio is taken within its round.",
        "\n".join(measured(work, results)),
        "\n".join(known_versions(results, commits)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"
