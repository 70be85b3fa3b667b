"""The report is one page: self-contained, harmless, readable in the light, in the dark, and on paper."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import callkit as ck
from export.packs import HOSTILE, as_they_are, mixed, over, result, spread
from reconciliation.calls import itnio

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VOID = ("meta", "br", "link", "img", "input", "hr")


class Page(HTMLParser):
    """The tags and texts of a page, which must close what it opens."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}


def quoted() -> ck.Reconciliation:
    return result(*(call for call in mixed() if call["settle_cost"] is None))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cover = ck.Cover(customer="We & Sons", invoice="INV-<7>", tz="Asia/Shanghai")
    return quoted().to_html(tmp_path_factory.mktemp("reports") / "report.html", cover=cover)


def test_the_page_is_whole_in_itself(written: Path) -> None:
    """No script, no address of anything else, and a policy that would forbid both."""
    page = Page(written.read_text(encoding="utf-8"))
    assert not page.names() & {"script", "link", "img", "iframe", "object", "embed", "form", "a", "use"}
    loaded = {
        name for _, attrs in page.tags for name in attrs if name in ("src", "href", "xlink:href", "action")
    }
    assert loaded == set()
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    style = written.read_text(encoding="utf-8").partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    policy = [attrs["content"] for tag, attrs in page.tags if tag == "meta" and "http-equiv" in attrs]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_it_says_what_the_pack_says(written: Path) -> None:
    """Cover, totals, bridge, causes, claims, undercharges, questions and method are on the page, escaped."""
    page = Page(written.read_text(encoding="utf-8"))
    told = "\n".join(page.texts)
    for head in ("Totals", "From billed to expected", "Claims by cause", "Claims", "Undercharges", "Method"):
        assert head in page.texts
    assert "Dispute of charges, invoice INV-<7>" in page.texts
    assert "We & Sons" in page.texts
    assert "31 s on 6+6: the first 6 s, then 25 s in steps of 6 s → 36 s." in told
    assert quoted().provenance.records in told


def test_tables_can_be_read_aloud(written: Path) -> None:
    """Every table of ours has a caption, and headers that say what they head."""
    page = Page(written.read_text(encoding="utf-8"))
    names = [tag for tag, _ in page.tags]
    assert names.count("table") == names.count("caption") > 5
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in page.tags if tag == "th")
    assert next(attrs["lang"] for tag, attrs in page.tags if tag == "html") == "en"


def test_text_of_others_is_text(tmp_path: Path) -> None:
    """Markup of a vendor is shown as what it is, in every field that the page shows, in pictures too."""
    fields = ("destination", "status_reason", "call_id")
    calls = [
        over(**{"call_id": f"{field}-{at}", "callee": f"49151{at:08}", field: text})
        for field in fields
        for at, text in enumerate(HOSTILE[:7])
    ]
    calls = [call | {"currency": HOSTILE[4]} for call in calls]
    made = as_they_are(*calls)
    path = made.to_html(
        tmp_path / "a.html", masked=False, cover=ck.Cover(customer=HOSTILE[4], vendor=HOSTILE[5])
    )
    page = Page(path.read_text(encoding="utf-8"))
    assert not page.names() & {"script", "img"}
    assert HOSTILE[4] in page.texts
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_the_same_twice(tmp_path: Path) -> None:
    """Equal results give equal bytes, whatever order the records came in."""
    made = result(*spread(3), itnio())
    pages = [
        each.to_html(tmp_path / f"{at}.html").read_bytes()
        for at, each in enumerate((made, ck.reconcile(made.cdrs.reverse())))
    ]
    assert pages[0] == pages[1]


def test_numbers_are_masked(tmp_path: Path) -> None:
    """Numbers and ids that contain them are hidden, unless it is the vendor's copy."""
    calls = [over(call_id="outgoing:wacid.HBgN", destination=None)]
    masked = as_they_are(*calls).to_html(tmp_path / "a.html").read_text(encoding="utf-8")
    full = as_they_are(*calls).to_html(tmp_path / "b.html", cover=ck.Cover(vendor_copy=True))
    assert "wacid" not in masked
    assert "outgoing:wacid.HBgN" in full.read_text(encoding="utf-8")


def test_a_long_list_ends_and_says_so(tmp_path: Path) -> None:
    """Of many claims the largest are listed, and how many are left out is told."""
    made = result(*spread(5))
    told = "\n".join(Page(made.to_html(tmp_path / "a.html", most_claims=2).read_text(encoding="utf-8")).texts)
    assert "5 claims in USD, the largest first" in told
    assert "3 smaller ones left out: all are in the workbook." in told


def test_nothing_to_claim(tmp_path: Path) -> None:
    """A page without a claim says that nothing is demanded."""
    made = ck.reconcile(result(itnio()).cdrs.clear())
    told = Page(made.to_html(tmp_path / "a.html").read_text(encoding="utf-8")).texts
    assert "Nothing is demanded." in told
    assert "Nothing was billed." in told


@pytest.mark.parametrize(
    ("name", "most", "error", "said"),
    [
        ("a.pdf", 1, ValueError, "a.pdf ends neither in .html nor in .htm"),
        ("none/a.html", 1, FileNotFoundError, "there is no folder"),
        ("a.html", -1, ValueError, "most_claims must be a whole number from 0 on, got -1"),
    ],
)
def test_what_cannot_be_written_is_told(
    tmp_path: Path, name: str, most: int, error: type[Exception], said: str
) -> None:
    """A wrong name, folder or number is refused before anything is made."""
    with pytest.raises(error, match=said):
        result(over()).to_html(tmp_path / name, most_claims=most)
    assert list(tmp_path.iterdir()) == []


def test_it_fits_a_screen_in_light_and_dark_and_a_sheet_of_paper(chromium: Browser, written: Path) -> None:
    """Opened offline nothing is fetched; the page is no wider than its window, has both faces, and prints on A4."""
    colors = {}
    for scheme in ("light", "dark"):
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
        asked: list[Any] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        said: list[Any] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.goto(written.as_uri())
        assert asked == [written.as_uri()]
        assert said == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        cut = "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
        assert page.evaluate(cut) == 0
        assert page.locator(f"figure .{scheme} svg").first.is_visible()
        colors[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert colors == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 17)"}
