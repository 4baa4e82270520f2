"""Which folders and files of a book an author writes."""

import pytest

from booktools.source.files import find_files, find_folders
from tests.books import write_book


@pytest.fixture
def root(tmp_path):
    return write_book(tmp_path / "book", {"a/a.md": "# A\n", "b/b.md": "# B"})


def names(root, *left_out):
    return [
        path.relative_to(root).as_posix()
        for path in find_files(root, left_out)
        if path.suffix == ".md" and path.name != "index.md"
    ]


def test_what_is_made_is_left_out(root):
    others = ("_build/x.md", "dist/x.md", "node_modules/x.md", ".x/x.md")
    for name in (*others, "env/pyvenv.cfg", "env/x.md", "c/x.md", ".x.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    assert names(root, root / "c") == ["a/a.md", "b/b.md"]
    assert names(root) == ["a/a.md", "b/b.md", "c/x.md"]


def test_links_are_followed(root, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "s.md").touch()
    (root / "a" / "shared").symlink_to(tmp_path / "shared")
    assert names(root) == ["a/a.md", "a/shared/s.md", "b/b.md"]


def test_links_that_lead_back_or_nowhere(root, tmp_path):
    (tmp_path / "elsewhere.md").touch()
    links = {
        "up": tmp_path,
        "a/book": root,
        "a/same": root / "a",
        "a/other": root / "b",
        "b/other": root / "a",
        "loop.md": root / "loop.md",
        "nothing.md": root / "no",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    expected = ["a/a.md", "a/other/b.md", "b/b.md", "b/other/a.md"]
    assert sorted(names(root)) == expected
    assert len([*find_folders(root)]) == 5
