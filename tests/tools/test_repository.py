"""Who publishes a book is found in real repositories and environments."""

import subprocess

import pytest

from booktools.problem import BookError
from booktools.publish.repository import Site, find_site


@pytest.fixture(autouse=True)
def no_other_git(monkeypatch, tmp_path):
    """Keep the developer's git settings and checkouts out of the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True)


def checkout(folder, remote, branch="main"):
    git(folder, "init", "-q", "-b", branch)
    git(folder, "remote", "add", "origin", remote)
    return folder


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/Ada/calculus-book.git",
        "https://github.com/Ada/calculus-book",
        "https://github.com/Ada/calculus-book/",
        "https://ada:token@github.com/Ada/calculus-book.git",
        "git@github.com:Ada/calculus-book.git",
        "git@github.com:/Ada/calculus-book",
        "ssh://git@github.com/Ada/calculus-book",
        "ssh://git@ssh.github.com:443/Ada/calculus-book.git",
    ],
)
def test_every_form_of_a_github_remote(tmp_path, remote):
    checkout(tmp_path, remote)
    assert find_site(tmp_path, {}) == Site(
        "Ada",
        "calculus-book",
        "main",
        "https://ada.github.io/calculus-book/",
    )


@pytest.mark.parametrize(
    "remote",
    [
        "/srv/git/book.git",
        "../book",
        "file:///srv/git/book",
        "https://gitee.com/ada/book.git",
        "git@gitlab.com:ada/book.git",
        "https://github.com.example.org/ada/book",
        "https://github.com/ada",
        "https://github.com/ada/book/tree/main",
        "https://[github.com/ada/book",
    ],
)
def test_another_remote_means_no_site(tmp_path, remote):
    checkout(tmp_path, remote)
    assert find_site(tmp_path, {}) is None


def test_no_checkout_or_no_remote_means_no_site(tmp_path):
    assert find_site(tmp_path, {}) is None
    git(tmp_path, "init", "-q")
    assert find_site(tmp_path, {}) is None


def test_no_git_means_no_site(tmp_path, monkeypatch):
    checkout(tmp_path, "https://github.com/ada/book")
    monkeypatch.setenv("PATH", "")
    assert find_site(tmp_path, {}) is None


def test_the_default_branch_is_preferred_to_the_one_worked_on(tmp_path):
    source = tmp_path / "ada" / "book"
    source.mkdir(parents=True)
    git(source, "init", "-q", "-b", "trunk")
    name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git(source, *name, "commit", "-q", "--allow-empty", "-m", "Begin")
    git(tmp_path, "clone", "-q", str(source), "clone")
    clone = tmp_path / "clone"
    git(clone, "remote", "set-url", "origin", "git@github.com:ada/book.git")
    git(clone, "switch", "-q", "-c", "new-chapter")
    site = find_site(clone, {})
    assert site is not None
    assert site.branch == "trunk"


def test_a_new_repository_has_only_its_current_branch(tmp_path):
    checkout(tmp_path, "git@github.com:ada/book.git", branch="draft")
    site = find_site(tmp_path, {})
    assert site is not None
    assert site.branch == "draft"


def test_actions_come_before_the_remote(tmp_path):
    checkout(tmp_path, "https://github.com/ada/book")
    environ = {
        "GITHUB_REPOSITORY": "Bob/fork",
        "GITHUB_REF_NAME": "main",
        "GITHUB_SERVER_URL": "https://github.com",
    }
    expected = Site("Bob", "fork", "main", "https://bob.github.io/fork/")
    assert find_site(tmp_path, environ) == expected


def test_a_pull_request_sends_readers_to_its_base_branch(tmp_path):
    environ = {
        "GITHUB_REPOSITORY": "ada/book",
        "GITHUB_REF_NAME": "12/merge",
        "GITHUB_BASE_REF": "main",
    }
    site = find_site(tmp_path, environ)
    assert site is not None
    assert site.branch == "main"


def test_actions_of_another_server_mean_no_site(tmp_path):
    environ = {
        "GITHUB_REPOSITORY": "ada/book",
        "GITHUB_SERVER_URL": "https://git.example.org",
    }
    assert find_site(tmp_path, environ) is None


@pytest.mark.parametrize("name", ["ada.github.io", "Ada.GitHub.io"])
def test_the_repository_of_a_whole_site(tmp_path, name):
    site = find_site(tmp_path, {"GITHUB_REPOSITORY": f"Ada/{name}"})
    assert site is not None
    assert site.url == "https://ada.github.io/"


def test_an_address_of_ones_own(tmp_path):
    environ = {"GITHUB_REPOSITORY": "ada/book"}
    (tmp_path / "CNAME").write_text("book.example.org\n", "utf-8")
    site = find_site(tmp_path, environ)
    assert site is not None
    assert site.url == "https://book.example.org/"
    environ["BOOK_URL"] = "http://example.org/calculus"
    site = find_site(tmp_path, environ)
    assert site is not None
    assert site.url == "http://example.org/calculus/"


@pytest.mark.parametrize(
    ("variable", "cname", "place"),
    [
        ("example.org", "", "BOOK_URL:1"),
        ("https://a b.org", "", "BOOK_URL:1"),
        ("ftp://example.org", "", "BOOK_URL:1"),
        ("", "https://example.org", "CNAME:1"),
        ("", "a.org b.org", "CNAME:1"),
        ("", "example", "CNAME:1"),
    ],
)
def test_what_is_no_address_is_a_problem(tmp_path, variable, cname, place):
    (tmp_path / "CNAME").write_text(cname, "utf-8")
    environ = {"GITHUB_REPOSITORY": "ada/book", "BOOK_URL": variable}
    with pytest.raises(BookError, match="is no web address") as caught:
        find_site(tmp_path, environ)
    assert str(caught.value).startswith(f"{place}: error: ")
