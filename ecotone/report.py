"""Curves of runs as pictures, and one page that shows them beside scores and settings."""

import base64
import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecotone.comparison import NOT_TELLING, Group, Score, Told, environments, group, scores
from ecotone.curves import Line, Panel, band, draw, present, smooth
from ecotone.metrics import COLUMNS, is_of_episodes
from ecotone.progress import duration, number
from ecotone.recording import COLOURS

Array = Any

STEPS = "environment steps"


def write(runs: Sequence[Told], folder: Path, behaviour: Callable[[Path], bool] | None = None) -> list[Path]:
    """Write PNG curves and `report.html` into `folder`; returns their paths, the page first.

    Arguments:
        runs: one, or several to be compared.
        folder: is made where there is none.
        behaviour: draws what a policy does into a file, and returns whether there was something to draw.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups = group(runs)
    figures = {
        "return": (return_panels(groups), 2, (7.0, 4.2)),
        "shares": (share_panels(groups), 3, (4.8, 3.2)),
        "length": (length_panels(groups), 2, (7.0, 3.6)),
        "learning": (learning_panels(groups), 3, (4.8, 3.2)),
    }
    drawn = []
    for name, (panels, columns, size) in figures.items():
        if panels:
            draw(panels, folder / f"{name}.png", columns, size)
            drawn.append(folder / f"{name}.png")
    if behaviour is not None and behaviour(folder / "behaviour.png"):
        drawn.append(folder / "behaviour.png")
    drawn.sort(key=lambda path: list(HEADINGS).index(path.stem))
    page = folder / "report.html"
    page.write_text(_page(runs, groups, drawn), encoding="utf-8")
    return [page, *drawn]


def return_panels(groups: Sequence[Group]) -> list[Panel]:
    """Returns against steps and against time, a row per environment: of evaluations where there are, else of training."""
    unit, seconds = time_unit(groups)
    panels = []
    for env in environments(groups):
        against = {"steps": (1.0, STEPS, "steps"), "seconds": (seconds, f"training time, {unit}", "time")}
        for x, (scale, x_label, what) in against.items():
            lines = [_scaled(line, scale) for line in _return_lines(groups, env, x)]
            panels.append(Panel(_titled(f"Return against {what}", env, groups), x_label, "return per episode", lines))
    return [panel for panel in panels if panel.lines]


def time_unit(groups: Sequence[Group]) -> tuple[str, float]:
    """The unit that the longest run is best told in, and its seconds."""
    longest = max(np.max(run.columns["seconds"], initial=0.0) for each in groups for run in each.runs)
    return ("seconds", 1.0) if longest < 300 else ("minutes", 60.0) if longest < 3 * 3600 else ("hours", 3600.0)


def _scaled(line: Line, seconds: float) -> Line:
    return line._replace(x=line.x / seconds)


def _titled(title: str, env: str, groups: Sequence[Group]) -> str:
    return f"{env}: {title}" if len(environments(groups)) > 1 else title


def _return_lines(groups: Sequence[Group], env: str, x: str) -> list[Line]:
    there = {index: each.on(env) for index, each in enumerate(groups) if each.on(env)}
    if sum(map(len, there.values())) == 1:
        return _single_lines(next(iter(there.values()))[0], x)
    lines = []
    for index, runs in there.items():
        evaluated = all(len(present(run.columns, x, "evaluation_return_iqm")[0]) > 1 for run in runs)
        lines += _group_lines(groups, index, runs, x, "evaluation_return_iqm" if evaluated else "return_mean")
    return lines


def _single_lines(run: Told, x: str) -> list[Line]:
    lines = []
    at, returns = present(run.columns, x, "return_mean")
    if len(at):
        lines = [
            Line(at, returns, colour=COLOURS[7], faint=True),
            Line(at, smooth(returns, _window(at)), label="training episodes", colour=COLOURS[7]),
        ]
    at, scores = present(run.columns, x, "evaluation_return_iqm")
    if len(at):
        low, high = (present(run.columns, x, f"evaluation_return_{end}")[1] for end in ("low", "high"))
        lines.append(Line(at, scores, low, high, "evaluation (IQM, 95%)", COLOURS[0], marker=True))
    return lines


def _series(run: Told, x: str, y: str) -> tuple[Array, Array]:
    at, values = present(run.columns, x, y)
    return at, values if y.startswith("evaluation") or not len(at) else smooth(values, _window(at))


def _window(at: Array) -> int:
    return max(len(at) // 20, 1)


def _group_lines(groups: Sequence[Group], index: int, runs: Sequence[Told], x: str, y: str) -> list[Line]:
    """The band of repetitions; against time, each point lies at the mean time that they took for its steps."""
    runs = [run for run in runs if y in run.columns and len(_series(run, "steps", y)[0])]
    if not runs:
        return []
    count = f" ({len(runs)} runs)" if len(runs) > 1 else ""
    label, colour = f"{groups[index].label}{count}", COLOURS[index % len(COLOURS)]
    line = band([_series(run, "steps", y) for run in runs], label, colour)
    if x == "seconds":
        at = lambda run, x: present(run.columns, x, y)[0]
        times = [np.interp(line.x, at(run, "steps"), at(run, "seconds")) for run in runs]
        line = line._replace(x=np.mean(times, axis=0))
    return [line]


def share_panels(groups: Sequence[Group]) -> list[Panel]:
    """What the agents of each group of a run, and single agents, got in training episodes, a panel each, against steps."""
    names = dict.fromkeys(name for each in groups for run in each.runs for name in run.columns if name not in COLUMNS)
    shares = [name for name in names if is_of_episodes(name) and not name.startswith("evaluation")]
    title = lambda name: f"{'Mean of' if name.startswith('return') else 'Return of'} {name.partition('/')[2]}"
    return _column_panels(groups, [(name, title(name), "") for name in shares])


def length_panels(groups: Sequence[Group]) -> list[Panel]:
    """Lengths of training episodes and speed against steps, a row per environment."""
    columns = (
        ("length_mean", "Length of training episodes", "decisions per episode"),
        ("steps_per_second", "Speed of training", "environment steps per second"),
    )
    return _column_panels(groups, columns, from_zero=True)


def learning_panels(groups: Sequence[Group]) -> list[Panel]:
    """What the algorithm reports of its learning, a panel each, against steps."""
    names = dict.fromkeys(name for each in groups for run in each.runs for name in run.columns if not is_of_episodes(name))
    return _column_panels(groups, [(name, _readable(name), "") for name in names])


def _readable(name: str) -> str:
    group, _, metric = name.rpartition("/")
    words = [word.upper() if len(word) <= 2 else word for word in metric.split("_")]
    readable = " ".join([words[0][0].upper() + words[0][1:], *words[1:]])
    return f"{group}: {readable[0].lower()}{readable[1:]}" if group else readable


def _column_panels(groups: Sequence[Group], columns: Sequence[tuple[str, str, str]], from_zero: bool = False) -> list[Panel]:
    panels = []
    for env in environments(groups):
        for column, title, y_label in columns:
            per_group = [_group_lines(groups, i, each.on(env), "steps", column) for i, each in enumerate(groups)]
            lines = [line for lines in per_group for line in lines]
            legend = not panels or y_label != ""
            panels.append(Panel(_titled(title, env, groups), STEPS, y_label, lines, from_zero, legend))
    return [panel for panel in panels if panel.lines]


STYLE = """
body { font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #222; background: #fff;
       max-width: 1180px; margin: 40px auto; padding: 0 28px; }
h1 { font-size: 32px; margin: 0 0 4px; letter-spacing: -0.01em; } h2 { font-size: 21px; margin: 44px 0 12px; }
.quiet { color: #6a6a6a; } p { margin: 4px 0; } img { width: 100%; display: block; }
.tiles { display: flex; flex-wrap: wrap; gap: 14px; margin: 26px 0; }
.tile { background: #f4f7fa; border-radius: 10px; padding: 14px 20px; min-width: 130px; }
.tile b { display: block; font-size: 28px; line-height: 1.25; } .tile span { color: #5b6570; font-size: 14px; }
table { border-collapse: collapse; font-size: 15px; } td, th { padding: 6px 22px 6px 0; text-align: left;
       border-bottom: 1px solid #e8e8e8; vertical-align: top; } th { color: #5b6570; font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } code { font-size: 14px; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 8px; }
.columns { columns: 2; column-gap: 40px; } .columns table { width: 100%; break-inside: avoid; }
"""

HEADINGS = {
    "return": "Return",
    "shares": "Return of groups and agents",
    "length": "Episodes and speed",
    "behaviour": "Behaviour",
    "learning": "Learning",
}
NOTES = {
    "return": "Lines are interquartile means over runs, bands their 95% bootstrap intervals.",
    "learning": "What the algorithm reports of its updates, against environment steps.",
    "behaviour": "Greedy episodes: means over steps, and an agent's move from each cell while all else is as it begins.",
}


def _page(runs: Sequence[Told], groups: Sequence[Group], drawn: Sequence[Path]) -> str:
    told = scores(groups)
    single = len(runs) == 1
    title = runs[0].title if len({run.title for run in runs}) == 1 else f"{len(groups)} groups of runs compared"
    envs = ", ".join(environments(groups))
    about = (
        f"{envs} · {len(runs)} runs"
        if not single
        else f"{runs[0].settings['algorithm']} on {envs} · seed {runs[0].settings['seed']} · {runs[0].folder}"
    )
    parts = [f"<h1>{_text(title)}</h1>", f'<p class="quiet">{_text(about)}</p>']
    parts.append(_tiles(told[0], runs[0]) if single else _score_table(told, groups))
    for path in drawn:
        parts.append(f"<h2>{HEADINGS[path.stem]}</h2>")
        if path.stem in NOTES and not (single and path.stem == "return"):
            parts.append(f'<p class="quiet">{NOTES[path.stem]}</p>')
        data = base64.b64encode(path.read_bytes()).decode()
        parts.append(f'<img alt="{HEADINGS[path.stem]}" src="data:image/png;base64,{data}">')
    parts += ["<h2>Settings</h2>", _settings_table(groups), "<h2>Runs</h2>", _run_table(runs)]
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_text(title)}</title>'
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'


def _text(value: Any) -> str:
    return html.escape(str(value))


def _interval(score: Score) -> str:
    return "–" if score.interval is None else " to ".join(number(end) for end in score.interval)


def _tiles(score: Score, run: Told) -> str:
    kind = f"last evaluation (95%: {_interval(score)})" if score.evaluated else "return at the end of training"
    best = float(np.nanmax(run.columns["evaluation_return_iqm"])) if score.evaluated else None
    tiles = [
        (number(score.value), kind),
        (number(best), "best evaluation") if score.evaluated else None,
        (f"{score.steps:,.0f}", "environment steps"),
        (duration(score.seconds), "training time"),
        (f"{score.steps / max(score.seconds, 1e-9):,.0f}", "steps per second"),
    ]
    shown = [f'<div class="tile"><b>{_text(tile[0])}</b><span>{_text(tile[1])}</span></div>' for tile in tiles if tile]
    return f'<div class="tiles">{"".join(shown)}</div>'


def score_rows(told: Sequence[Score]) -> tuple[list[str], list[list[str]]]:
    """The table of final scores: its heading and its rows; numbers from the third column on."""
    heading = ["environment", "group", "runs", "return (IQM)", "95% interval", "steps", "time", "steps/s"]
    rows = []
    for each in told:
        value = number(each.value) + ("" if each.evaluated else " (training)")
        speed = f"{each.steps / max(each.seconds, 1e-9):,.0f}"
        steps = f"{each.steps:,.0f}"
        rows.append([each.env, each.label, str(each.runs), value, _interval(each), steps, duration(each.seconds), speed])
    return heading, rows


def _score_table(told: Sequence[Score], groups: Sequence[Group]) -> str:
    heading, rows = score_rows(told)
    colours = {each.label: COLOURS[i % len(COLOURS)] for i, each in enumerate(groups)}
    swatch = lambda label: f'<span class="swatch" style="background:{colours[label]}"></span>{_text(label)}'
    cells = [[_text(row[0]), swatch(row[1]), *map(_text, row[2:])] for row in rows]
    return f"<h2>Final scores</h2>{_table(heading, cells, 2)}"


def _table(heading: Sequence[str], cells: Sequence[Sequence[str]], numbers_from: int) -> str:
    kind = lambda column: ' class="n"' if column >= numbers_from else ""
    head = "".join(f"<th{kind(i)}>{_text(name)}</th>" for i, name in enumerate(heading))
    rows = "".join("<tr>" + "".join(f"<td{kind(i)}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>" for row in cells)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _settings_table(groups: Sequence[Group]) -> str:
    first = [each.runs[0].settings for each in groups]
    names = [name for name in dict.fromkeys(name for one in first for name in one) if name not in NOT_TELLING]
    if len(groups) > 1:
        differing = [name for name in names if len({one.get(name) for one in first}) > 1]
        heading = ["setting", *(each.label for each in groups)]
        rows = [[f"<code>{_text(n)}</code>", *(_text(one.get(n, "–")) for one in first)] for n in differing]
        shared = [name for name in names if name not in differing]
        apart = _table(heading, rows, len(heading)) if rows else ""
        return f'{apart}<p class="quiet" style="margin-top:18px">The same in all groups:</p>{_columns(first[0], shared)}'
    return _columns(first[0], names)


def _columns(values: Any, names: Sequence[str]) -> str:
    half = -(-len(names) // 2)
    cells = [[[f"<code>{_text(n)}</code>", _text(values[n])] for n in piece] for piece in (names[:half], names[half:])]
    return f'<div class="columns">{"".join(_table(["setting", "value"], piece, 2) for piece in cells if piece)}</div>'


def _run_table(runs: Sequence[Told]) -> str:
    seed = lambda run: run.settings.get("seed", "–")
    rows = [[_text(run.title), _text(run.env), _text(seed(run)), f"<code>{_text(run.folder)}</code>"] for run in runs]
    return _table(["title", "environment", "seed", "folder"], rows, 4)
