"""The page tree: counted without reading the pages, and never guessed."""

from collections.abc import Callable

import pikepdf
import pytest

from esign.pdf.pages import PageTree, PageTreeError
from esign.pdf.revisions import PdfFile, View
from esign.pdf.syntax import Object, Ref
from tests.sheets import compressed, saved, sheet, written

CATALOGUE = "<</Type/Catalog/Pages 2 0 R>>"


def tree_of(data: bytes) -> PageTree:
    return PageTree(PdfFile(data).view())


def test_pages_of_a_nested_tree_are_found_in_order() -> None:
    tree = tree_of(
        written(
            CATALOGUE,
            "<</Type/Pages/Count 4/Kids[3 0 R 8 0 R 4 0 R]>>",
            "<</Type/Pages/Count 2/Kids[6 0 R 5 0 R]>>",
            "<</Type/Pages/Count 2/Kids[9 0 R 7 0 R]>>",
            *["<</Type/Page>>"] * 3,
            "<</Type/Pages/Count 0/Kids[]>>",
            "<</Type/Page>>",
        )
    )
    assert len(tree) == 4
    assert tree.references() == (Ref(6, 0), Ref(5, 0), Ref(9, 0), Ref(7, 0))
    assert [page.number for page in tree] == [1, 2, 3, 4]


def test_attributes_are_inherited_and_user_unit_is_not() -> None:
    tree = tree_of(
        written(
            CATALOGUE,
            "<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]/MediaBox[0 0 6 0 R 842]>>",
            "<</Type/Page>>",
            "<</Type/Pages/Count 1/Kids[5 0 R]/Rotate -90/CropBox[10 10 110 60]/UserUnit 3>>",
            "<</Type/Page/Rotate 180>>",
            "595",
        )
    )
    assert tree[1].geometry.displayed_size == pytest.approx((595, 842))
    assert tree[2].geometry.displayed_size == pytest.approx((100, 50))
    assert (tree[2].geometry.rotate, tree[2].geometry.user_unit) == (180, 1)


@pytest.mark.parametrize("save", [saved, compressed])
def test_two_thousand_pages_are_counted_without_reading_them(
    save: Callable[[pikepdf.Pdf], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = save(sheet(pages=2000))
    read: list[int] = []
    get = View.get

    def counting(view: View, reference: Ref) -> Object:
        read.append(reference.number)
        return get(view, reference)

    monkeypatch.setattr(View, "get", counting)
    tree = tree_of(data)
    assert len(tree) == 2000
    assert tree[2000].geometry.displayed_size == pytest.approx((595, 842))
    assert len(read) < 20


def test_a_page_after_which_an_older_node_stands_is_still_a_page() -> None:
    data = written(CATALOGUE, "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page>>")
    # the node is moved behind the page and back: its old place now seems to belong to the page before it
    data = _updated(data, 3, "<</Type/Page/Rotate 90>>")
    data = _updated(data, 2, "<</Type/Pages/Count 1/Kids[3 0 R]>>")
    data = _updated(data, 2, "<</Type/Pages/Count 1 /Kids[3 0 R]>>")
    tree = tree_of(data)
    assert [page.geometry.rotate for page in tree] == [90]


def _updated(data: bytes, number: int, body: str) -> bytes:
    """The file with an incremental update that replaces one object."""
    start = len(data)
    update = f"{number} 0 obj\n{body}\nendobj\n".encode()
    previous = int(data.rpartition(b"startxref\n")[2].split()[0])
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size 9/Root 1 0 R/Prev %d>>\n" % (number, start, previous)
    return data + update + table + b"startxref\n%d\n%%%%EOF\n" % (start + len(update))


@pytest.mark.parametrize(
    ("fault", "objects"),
    [
        ("Count", ["<</Type/Pages/Count 3/Kids[3 0 R 4 0 R]>>", "<</Type/Page>>", "<</Type/Page>>"]),
        ("Count", ["<</Type/Pages/Count 1/Kids[3 0 R 4 0 R]>>", "<</Type/Page>>", "<</Type/Page>>"]),
        ("Count", ["<</Type/Pages/Count -1/Kids[3 0 R]>>", "<</Type/Page>>"]),
        ("Count", ["<</Type/Pages/Kids[3 0 R]>>", "<</Type/Page>>"]),
        (
            "Count",
            [
                "<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>",
                "<</Type/Pages/Count 1/Kids[5 0 R 6 0 R]>>",
                "<</Type/Pages/Count 1/Kids[]>>",
                "<</Type/Page>>",
                "<</Type/Page>>",
            ],
        ),
        ("twice", ["<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Pages/Count 1/Kids[2 0 R]>>"]),
        ("twice", ["<</Type/Pages/Count 2/Kids[3 0 R 3 0 R]>>", "<</Type/Page>>"]),
        ("missing", ["<</Type/Pages/Count 1/Kids[9 0 R]>>"]),
        ("indirect", ["<</Type/Pages/Count 1/Kids[<</Type/Page>>]>>"]),
        ("neither", ["<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page/Count 1/#4bids[4 0 R]>>", "<<>>"]),
        ("no node", ["<</Type/Page>>"]),
        ("deep", [*(f"<</Type/Pages/Count 1/Kids[{n} 0 R]>>" for n in range(3, 103)), "<</Type/Page>>"]),
        ("no page tree", []),
    ],
)
def test_a_tree_that_readers_could_count_differently_is_refused(fault: str, objects: list[str]) -> None:
    data = written(CATALOGUE if objects else "<</Type/Catalog>>", *objects)
    with pytest.raises(PageTreeError, match=fault):
        tree_of(data)


def test_what_is_listed_as_a_page_and_is_none_is_refused_when_it_is_read() -> None:
    tree = tree_of(written(CATALOGUE, "<</Type/Pages/Count 1/Kids[3 0 R]>>", "[1 2 3]"))
    with pytest.raises(PageTreeError, match="page 1"):
        tree[1]


def test_a_tree_of_no_pages_has_none() -> None:
    tree = tree_of(written(CATALOGUE, "<</Type/Pages/Count 0/Kids[]>>"))
    assert len(tree) == 0
    with pytest.raises(IndexError):
        tree[1]
