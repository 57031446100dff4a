"""Chromium without script, looking at the whole application on a real socket."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, ViewportSize, sync_playwright

from tests.integration.conftest import House, house
from tests.issued import Issuer, serving_pages
from tests.programs import require_program

__all__ = ["house"]

PHONE = ViewportSize(width=360, height=640)
SCREENS = (
    ViewportSize(width=320, height=568),
    ViewportSize(width=640, height=400),  # a desk's 1280 at a zoom of 200 %
    ViewportSize(width=1280, height=800),
    PHONE,
)

_WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@dataclass
class Visitor:
    """Somebody at a browser, and what the browser complained of on the way."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self._own(request.url))

    def _own(self, address: str) -> None:
        if urlsplit(address).netloc != urlsplit(self.url).netloc:
            self.complaints.append(f"another host: {address}")

    def open(self, path: str) -> Response:
        """Goes there."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        return answer

    def upload(self, pdf: bytes, name: str = "surat.pdf") -> Response:
        """Chooses a file in the form that is shown, and sends it."""
        self.page.locator("input[type=file]").set_input_files(
            {"name": name, "mimeType": "application/pdf", "buffer": pdf}
        )
        with self.page.expect_navigation() as done:
            self.page.locator("form[method=post] button").click()
        return done.value

    @property
    def colour(self) -> str:
        """The colour of the answer."""
        return (self.page.locator("section.answer").get_attribute("class") or "").rpartition(" ")[2]

    @property
    def headline(self) -> str:
        """What the page says first."""
        return self.page.locator("h1").inner_text()

    def load_pictures(self) -> list[tuple[float, float]]:
        """Scrolls to each picture until it is there; gives width / height as drawn and as it came."""
        shapes = []
        for picture in self.page.locator("figure img").all():
            picture.scroll_into_view_if_needed()
            handle = picture.element_handle()
            assert handle is not None
            self.page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=handle, timeout=20_000)
            drawn, came = picture.evaluate(
                "one => [one.clientWidth / one.clientHeight, one.naturalWidth / one.naturalHeight]"
            )
            shapes.append((drawn, came))
        return shapes

    def too_wide(self) -> list[int]:
        """The widths of screens on which this page would be scrolled sideways, with letters twice as large too."""
        found = []
        for screen in SCREENS:
            self.page.set_viewport_size(screen)
            for letters in ("100%", "200%"):
                self.page.evaluate("size => { document.documentElement.style.fontSize = size }", letters)
                needed, there = self.page.evaluate(_WIDTHS)
                if needed > there:
                    found.append(screen["width"])
        self.page.evaluate("document.documentElement.style.fontSize = ''")
        return found


@pytest.fixture(scope="session")
def issuer(house: House) -> Issuer:
    return Issuer(house)


@pytest.fixture(scope="session")
def url(house: House) -> Iterator[str]:
    with serving_pages(house) as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed with this folder: while it is open, its event loop keeps other tests from running theirs."""
    program = require_program("chromium", "chromium-browser", "google-chrome")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Callable[..., Visitor]]:
    """Somebody at a telephone, without script unless asked for; at the end no browser may have complained."""
    visitors = []

    def come(*, script: bool = False) -> Visitor:
        context = browser.new_context(viewport=PHONE, java_script_enabled=script)
        visitors.append(Visitor(context.new_page(), url))
        return visitors[-1]

    yield come
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.page.context.close()
    assert complaints == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Somebody at a telephone."""
    return visit()
