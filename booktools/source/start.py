"""A title -> a new course that builds, passes its checks and publishes."""

import json
import re
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from booktools.environment import CPU_INDEX
from booktools.language import is_language, load_language
from booktools.problem import BookError, Problem
from booktools.source.chapter import read_book
from booktools.source.config import as_name, is_name
from booktools.source.new import write_chapter
from booktools.source.origin import WHEELS, Origin, find_origin

_TOOLS = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).with_name("assets") / "start"
LOCALE = _TOOLS / "locale"
CONSTRAINTS = "constraints.txt"

# A name of a file in the templates -> of that in the course.
_HIDDEN = "dot_"
# What its first chapter imports; and what --with adds.
_IMPORTS = ("numpy", "matplotlib")
WITH = ("torch",)
# The file of the first chapter.
_FIRST = "first_steps"


@dataclass(frozen=True)
class Course:
    """What an author says of a new course."""

    title: str
    author: str = ""
    name: str = ""
    language: str = "en"
    extra: tuple[str, ...] = ()


def start(folder: Path, course: Course, origin: Origin) -> list[str]:
    """Write a course.

    Parameters
    ----------
    folder : Path
        Where; it is new, or empty.
    course : Course
        What is known of it.
    origin : Origin
        Where its tools come from.

    Returns
    -------
    list of str
        The files that were written, relative to the folder.

    Raises
    ------
    BookError
        When there cannot be such a course; nothing is written then.
    """
    _refuse(folder, course)
    folder = folder.resolve()
    values = _values(folder, course, origin)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # All or nothing: what is half-written is beside it, and goes.
    with TemporaryDirectory(dir=folder.parent, prefix=".start-") as name:
        draft = Path(name, "course")
        draft.mkdir()
        for path, text in _texts(course.language).items():
            file = draft / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_fill(text, values), "utf-8", newline="\n")
        shutil.copyfile(_constraints(), draft / CONSTRAINTS)
        if origin.wheel:
            (draft / WHEELS).mkdir()
            shutil.copy(origin.wheel, draft / WHEELS)
        write_chapter(read_book(draft), _FIRST, values["chapter"])
        made = sorted(p for p in draft.rglob("*") if p.is_file())
        names = [path.relative_to(draft).as_posix() for path in made]
        folder.mkdir(exist_ok=True)
        for part in draft.iterdir():
            part.rename(folder / part.name)
    return names


def _refuse(folder: Path, course: Course) -> None:
    """Report all that keeps a course from being written."""
    problems = []

    def report(rule: str, what: str, hint: str) -> None:
        path = folder.as_posix()
        problems.append(Problem(path, 1, rule, what, hint))

    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        what = f"{folder} is a link, or a file"
        report("folder-exists", what, "name a folder that is not there")
    # A clone of an empty repository is empty.
    elif folder.exists() and {p.name for p in folder.iterdir()} - {".git"}:
        what = f"{folder} is not empty; what is there stays as it is"
        report("folder-exists", what, "name a folder that is not there")
    if not course.title.strip():
        report("no-title", "the course has no title", "add --title TITLE")
    if course.name and not (is_name(course.name) and course.name.isascii()):
        what = f"no package can have the name {course.name!r}"
        hint = "use small letters, digits and _: --name limits"
        report("bad-package-name", what, hint)
    elif course.name and _is_taken(course.name):
        what = f"there is a package {course.name} already, which it would hide"
        report("bad-package-name", what, "choose another --name")
    if not is_language(course.language):
        what = f"{course.language!r} is no language"
        report("bad-language", what, "write, say, --language zh_CN")
    if problems:
        raise BookError(problems)


def _values(folder: Path, course: Course, origin: Origin) -> dict[str, str]:
    """Return what stands in the templates for @NAME@."""
    title = " ".join(course.title.split())
    author = " ".join(course.author.split()) or "the authors"
    imports = (*_IMPORTS, *course.extra)
    pins = dict(
        re.findall(r"^([\w.-]+)(==\S+)", _constraints().read_text(), re.M)
    )
    # Of PyTorch, the build without the gigabytes for graphics cards.
    index = f"--extra-index-url {CPU_INDEX}\n"
    language = load_language(course.language, folder)
    return {
        "title": title,
        "markdown_title": re.sub(r"([\\`*_\[\]{}<>$#|~!&])", r"\\\1", title),
        "quoted_title": _quote(title),
        "author": author,
        "quoted_author": _quote(author),
        "year": str(date.today().year),
        "name": course.name or _find_name(title, folder),
        "language": course.language,
        "pins": "\n".join(name + pins[name] for name in imports),
        "newest": "\n".join(imports),
        "index": index if "torch" in course.extra else "",
        "tools": origin.line,
        "file": _FIRST,
        "chapter": language.gettext("First steps"),
    }


def _find_name(title: str, folder: Path) -> str:
    """Return a name for the package: of the title, or of the folder."""
    for text in (title, folder.resolve().name):
        name = as_name(text)
        if is_name(name) and name.isascii() and not _is_taken(name):
            return name
    return "course"


def _is_taken(name: str) -> bool:
    """Say whether `import` finds something of that name."""
    return find_spec(name) is not None


def _texts(language: str) -> dict[str, str]:
    """Return the templates: path in the course -> text."""
    texts = {}
    folders = [TEMPLATES, LOCALE / "en" / "start"]
    folders += [LOCALE / language / "start"]
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file():
                path = file.relative_to(folder).as_posix()
                path = re.sub(rf"^{re.escape(_HIDDEN)}", ".", path)
                texts[path] = file.read_text("utf-8")
    return texts


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@(\w+)@", lambda found: values[found[1]], text)


def _quote(text: str) -> str:
    """Return a text as YAML, TOML and JSON write it alike."""
    return json.dumps(text, ensure_ascii=False)


def _constraints() -> Path:
    """Return the versions with which these tools were tested."""
    own = _TOOLS / CONSTRAINTS
    return own if own.is_file() else _TOOLS.parent / CONSTRAINTS


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``start`` takes."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="new folder")
    parser.add_argument("--title", required=True, help="title of the course")
    parser.add_argument("--author", default="", help="who writes it")
    parser.add_argument(
        "--language", default="en", help="such as en, zh_CN (default: en)"
    )
    parser.add_argument(
        "--name", default="", help="name of its package (default: the title)"
    )
    parser.add_argument(
        "--with",
        dest="extra",
        action="append",
        choices=WITH,
        default=[],
        help="what chapters import besides NumPy and Matplotlib",
    )
    parser.add_argument(
        "--tools",
        default="",
        metavar="WHEEL",
        help="where the course gets these tools from: a file or an address"
        " (default: as they were installed here)",
    )


def main(_: Path, arguments: Namespace) -> int:
    """Start a course, and say how to go on."""
    course = Course(
        arguments.title,
        arguments.author,
        arguments.name,
        arguments.language,
        tuple(dict.fromkeys(arguments.extra)),
    )
    origin = find_origin(arguments.tools)
    names = start(arguments.folder, course, origin)
    print(f"wrote {len(names)} files into {arguments.folder}")
    print("next:")
    print(f"  1. cd {arguments.folder}")
    print("     python -m pip install -r requirements.txt")
    print("  2. python -m booktools write")
    print("     shows the course; then change chapters/first_steps.md")
    print("  3. python -m booktools check")
    print("     then publish it, as README.md says")
    return 0
