"""A real browser without a window, driven over its own protocol by pipes."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile

NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
OPTIONS = "--headless --no-sandbox --disable-gpu --hide-scrollbars --remote-debugging-pipe --window-size=1440,900"
KEYS = {" ": ("Space", 32), "ArrowRight": ("ArrowRight", 39), "ArrowLeft": ("ArrowLeft", 37), "End": ("End", 35)}


def installed():
    """Path of a browser that the tests can drive, or none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page in a browser; use it in a `with`."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        ours_out, theirs_in = os.pipe()
        theirs_out, ours_in = os.pipe()
        self._out, self._in = open(theirs_out, "rb"), open(theirs_in, "wb")
        plumbed = f'exec "$0" {OPTIONS} --user-data-dir="$1" 3<&{ours_out} 4>&{ours_in}'
        command = ["bash", "-c", plumbed, installed(), self._folder.name]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, pass_fds=(ours_out, ours_in), **quiet)
        os.close(ours_out)
        os.close(ours_in)
        self._numbers, self._session, self.errors, self.requests = itertools.count(1), None, [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)
        self._out.close()
        self._in.close()
        self._folder.cleanup()

    def call(self, method, **params):
        """Ask the browser for something, and take note of what it says meanwhile."""
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": params}
        asked |= {"sessionId": self._session} if self._session else {}
        self._in.write(json.dumps(asked).encode() + b"\0")
        self._in.flush()
        while True:
            said = self._read()
            if said.get("id") == number:
                assert "error" not in said, said
                return said["result"]

    def _read(self):
        told = b""
        while not told.endswith(b"\0"):
            byte = self._out.read(1)
            assert byte, "the browser is gone"
            told += byte
        said = json.loads(told[:-1])
        if said.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.errors.append(said["params"])
        if said.get("method") == "Network.requestWillBeSent":
            self.requests.append(said["params"]["request"]["url"])
        return said

    def open(self, path, place=""):
        """Load a file and wait until it plays."""
        self.call("Page.navigate", url=f"file://{path}{place}")
        self.until("typeof player === 'object'")

    def value(self, expression):
        """What an expression is worth in the page."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, expression):
        """Wait for something to become true, up to ten seconds."""
        code = f"new Promise((yes, no) => {{ const end = Date.now() + 10000; const look = () => {{ let there = false; \
        try {{ there = {expression}; }} catch {{}} if (there) yes(true); else if (Date.now() > end) yes(false); \
        else setTimeout(look, 10); }}; look(); }})"
        told = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert told["result"].get("value") is True, f"never came: {expression}"

    def click(self, x, y):
        """Press and release the mouse at a point of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        """Press and release a key."""
        code, number = KEYS.get(key, (f"Key{key.upper()}", ord(key.upper()[0])))
        text = {"text": key} if len(key) == 1 else {}
        told = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", type="keyDown", **told, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def centre(self, selector):
        """The middle of an element."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        return self.value(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({box})")

    def picture(self, path):
        """Write what the window shows as a PNG file."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
