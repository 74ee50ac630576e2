"""The page in a real browser: it plays, steps, scrubs, and shows what agents see, do and get."""

import re
from dataclasses import replace

import imageio.v3 as imageio
import jax
import numpy as np
import pytest

from ecotone.pictures.files import encoded
from ecotone.pictures.page import page, write_page
from ecotone.recording import Episode, Recording
from tests.pictures.browser import Browser, installed
from tests.pictures.samples import recording

pytestmark = pytest.mark.skipif(installed() is None, reason="needs a browser: apt-get install chromium-headless-shell")
COUNT, PANEL = "player.byId.count.textContent", "player.byId.panel.innerText"


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


def test_needs_nothing_else_and_cannot_be_broken_by_a_title(browser, tmp_path):
    write_page(recording(), tmp_path / "a.html")
    written = (tmp_path / "a.html").read_text()
    assert not re.search(r'(src|href)="', written)
    assert "<teams>" not in written
    browser.requests.clear()
    browser.open(tmp_path / "a.html")
    assert {url.split(":")[0] for url in browser.requests} <= {"file", "data", "blob"}
    assert browser.value("document.querySelector('h1').textContent") == "Two <teams>"
    assert browser.value(COUNT) == "step 0 of 5"


def test_steps_scrubs_and_plays(browser, tmp_path):
    write_page(recording(2), tmp_path / "a.html")
    browser.open(tmp_path / "a.html")
    browser.press("ArrowRight")
    browser.click(*browser.centre("#forward"))
    assert browser.value(COUNT) == "step 2 of 5"
    browser.press("End")
    browser.press("ArrowLeft")
    assert browser.value(COUNT) == "step 4 of 5"
    browser.click(*browser.centre("#scrub"))
    assert browser.value("player.step") in (2, 3)
    browser.click(*browser.centre("#first"))
    browser.press(" ")  # plays, and does not press the button that was clicked last
    browser.until("player.playing && player.step === 1")
    browser.press(" ")
    stopped = browser.value("player.step")
    assert browser.value("player.playing") is False
    browser.value("player.speed = 120")
    browser.click(*browser.centre("#play"))
    browser.until("player.step === 5 && !player.playing")
    assert 1 <= stopped < 5
    browser.value("player.byId.episode.value = 1; player.byId.episode.dispatchEvent(new Event('change'))")
    assert browser.value("[player.number, player.step]") == [1, 0]


def test_a_click_on_an_agent_shows_what_it_sees_does_and_gets(browser, tmp_path):
    write_page(recording(), tmp_path / "a.html")
    browser.open(tmp_path / "a.html", "#step=2")
    assert "3 agents" in browser.value(PANEL)
    assert "2 of 2" in browser.value(PANEL)
    left, top, cell = browser.value(
        "(b => [b.x + player.stage.left / player.stage.ratio, b.y + player.stage.top / player.stage.ratio, "
        "player.stage.cell / player.stage.ratio])(player.stage.canvas.getBoundingClientRect())"
    )
    browser.click(left + 2.5 * cell, top + 0.5 * cell)
    told = browser.value(PANEL)
    for words in ("red_0", "red: acts", "right", "0.8", "grid", "ammunition", "3"):
        assert words in told
    assert re.search(r"return so far\s+3", told)
    assert browser.value("player.byId.panel.querySelectorAll('canvas').length") == 2
    browser.click(left + 0.5 * cell, top + 3.5 * cell)
    told = browser.value(PANEL)
    assert "blue: waits" in told
    assert "−3" in told
    browser.press("End")
    browser.press("p")
    assert "ended at step 3" in browser.value(PANEL)
    browser.click(left + 5.5 * cell, top + 2.5 * cell)  # nobody is there
    assert "1 of 2" in browser.value(PANEL)


def test_draws_the_grid(browser, tmp_path):
    write_page(recording(), tmp_path / "a.html")
    browser.open(tmp_path / "a.html")
    browser.picture(tmp_path / "a.png")
    pixels = imageio.imread(tmp_path / "a.png")[..., :3].astype(int)
    for colour in ((213, 94, 0), (0, 114, 178), (122, 122, 122)):
        assert (np.abs(pixels - colour).max(-1) <= 2).sum() > 5000, colour


def test_plays_pictures(browser, tmp_path):
    shades = [encoded(np.full((40, 60, 3), 40 * i, np.uint8)) for i in range(6)]
    episode = Episode({"blue": recording().episodes[0].tracks["blue"]}, pictures=tuple(shades))
    write_page(Recording("pictures", {"blue": ("blue_0",)}, (episode,)), tmp_path / "a.html")
    shade = "(s => Array.from(s.context.getImageData(s.canvas.width / 2, s.canvas.height / 2, 1, 1).data))(player.stage)"
    browser.open(tmp_path / "a.html", "#step=3")
    browser.until(f"{shade}[3] === 255")
    assert browser.value(shade) == [120, 120, 120, 255]
    assert "blue_0" in browser.value(PANEL)  # the only one is chosen


def test_a_thousand_agents_play_at_speed(browser, tmp_path):
    few = recording()
    many = tuple(f"red_{i}" for i in range(1000))
    width = lambda tree: np.repeat(np.asarray(tree)[:, :1], 1000, 1)
    episode = few.episodes[0]
    track = jax.tree.map(width, episode.tracks["red"])
    frames = jax.tree.map(width, episode.frames)
    scene = replace(few.scene, entities=many, rows=40, columns=40)
    write_page(Recording("many", {"red": many}, (Episode({"red": track}, frames),), scene), tmp_path / "a.html")
    browser.open(tmp_path / "a.html", "#agent=red_999")
    assert browser.value("agents.length") == 1000
    assert "red_999" in browser.value(PANEL)
    shown = "for (let i = 0; i < 20; i++) player.choose(null);"
    spent = browser.value(f"(t => {{ {shown} return performance.now() - t; }})(performance.now())")
    assert spent / 20 < 100  # milliseconds; about 5 on an idle core
    assert not browser.errors


def test_leaves_out_what_is_heavy(monkeypatch):
    monkeypatch.setattr("ecotone.pictures.page.HEAVY", 100)
    assert '"observation": null' in page(recording())
