"""The examples of `docs/customizing.md` run as they stand, from top to bottom, and are short."""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "customizing.md"
MOST_LINES = 20


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text()
    names = {"__name__": "customizing"}
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        line = text[: block.start()].count("\n") + 1
        lines = [each for each in block[1].splitlines() if each.strip() and not each.startswith(("import ", "from "))]
        assert len(lines) < MOST_LINES, f"the example at line {line} has {len(lines)} lines beside its imports"
        exec(compile("\n" * line + block[1], str(PAGE), "exec"), names)
