"""What the pages show runs as it stands, and is short."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {
    "models.md": 10,
    "customizing.md": 20,
    "replay.md": 10,
    "pictures.md": 10,
    "environments.md": 30,
    "multi_agent.md": 20,
    "simulation.md": 90,
    "gridworld.md": 45,
    "cluster.md": 10,
    "devices.md": 10,
}
"""Pages whose blocks run in order, in one namespace, each of fewer lines than this."""
WHOLE_MODEL_LINES = 20


def blocks(text):
    """The Python blocks of a page, in order."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs_and_is_short(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks((DOCS / page).read_text())
    assert found
    world = {"__name__": f"docs.{page}"}
    for i, block in enumerate(found):
        most = WHOLE_MODEL_LINES if "def initial_memory" in block else PAGES[page]
        assert len([line for line in block.splitlines() if line.strip()]) < most, block
        exec(compile(block, f"{page}, block {i + 1}", "exec"), world)


def test_blocks_are_found_in_order():
    assert blocks("a\n```python\nx = 1\n```\n```\nno\n```\n```python\ny = 2\n\nz = 3\n```\n") == [
        "x = 1\n",
        "y = 2\n\nz = 3\n",
    ]


def test_the_market_is_the_one_of_the_examples():
    assert (DOCS.parent / "examples" / "market.py").read_text() in (DOCS / "simulation.md").read_text()
