"""What the buttons of a page lead to."""

from urllib.parse import parse_qs, unquote, urlsplit

from bs4 import BeautifulSoup

SERVICES = ["Colab", "Binder", "Kaggle"]


def target(url):
    """Return owner, repository, branch and path that a launch URL opens."""
    parts = urlsplit(url)
    query = {name: value for name, (value,) in parse_qs(parts.query).items()}
    if parts.netloc == "colab.research.google.com":
        return opened(parts.path.removeprefix("/github/"))
    if parts.netloc == "kaggle.com":
        assert parts.path == "/kernels/welcome"
        return opened(query["src"].removeprefix("https://github.com/"))
    assert parts.netloc == "mybinder.org"
    *repository, branch = map(unquote, parts.path.split("/")[3:])
    assert parts.path.startswith("/v2/gh/")
    assert branch == "binder"
    pull = urlsplit(query["urlpath"])
    query = {name: value for name, (value,) in parse_qs(pull.query).items()}
    assert pull.path == "git-pull"
    address = query["repo"].removeprefix("https://github.com/")
    assert [*map(unquote, address.split("/"))] == repository
    # The folder of a clone, by git's habit and nbgitpuller's.
    folder, _, path = query["urlpath"].removeprefix("lab/tree/").partition("/")
    assert unquote(folder) == repository[1]
    return [*repository, query["branch"], unquote(path)]


def opened(path):
    owner, name, blob, branch, path = path.split("/", 4)
    assert blob == "blob"
    return [*map(unquote, (owner, name, branch, path))]


def buttons(page, group):
    """Return the links of one group of buttons on a page, name -> address."""
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    groups = soup.select(f".dropdown-{group}-buttons")
    assert len(groups) <= 1
    links = [link for found in groups for link in found.select("a")]
    assert all(link["title"] for link in links)
    return {link.get_text(strip=True): link["href"] for link in links}


def check_page(page, repository, published):
    """Check the buttons of a page with a notebook; return its path."""
    launch = buttons(page, "launch")
    assert list(launch) == (SERVICES if repository else [])
    for url in launch.values():
        *names, branch, path = target(url)
        assert ("/".join(names), branch) == (repository, "notebooks")
        assert path in published
    downloads = buttons(page, "download")
    suffixes = [text.split()[-1] for text in downloads]
    assert suffixes == [".ipynb", ".py", ".zip", ".md"]
    for suffix, url in zip(suffixes, downloads.values(), strict=True):
        file = page.parent / unquote(url)
        assert file.is_file()
        assert file.suffix == suffix


def check_page_without_notebook(page):
    assert buttons(page, "launch") == {}
    downloads = buttons(page, "download")
    assert [text.split()[-1] for text in downloads] == [".zip", ".md"]
    for url in downloads.values():
        assert (page.parent / unquote(url)).is_file()
