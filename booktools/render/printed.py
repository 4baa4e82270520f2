"""A book as Chromium prints it -> its page numbers, and better bytes.

Its text can be copied and searched as it was written, and it is the same
whenever it is printed.
"""

import re
import unicodedata
import zlib
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from pypdf import PdfReader

# Names in a printed book that Chromium makes up, other ones each time.
_NODE = re.compile(rb"(?<=\(node)\d{8}(?=\))")
# Ligatures and radicals -> the letters, or the character, that they look like;
# Unicode itself does not know it of the second block of radicals.
_LOOKS_LIKE = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0xFB00, 0xFB07), *range(0x2F00, 0x2FD6))
} | dict(
    zip(
        map(ord, "⺟⺠⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰⻳"),
        "母民西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙龟",
        strict=True,
    )
)


def page_numbers(data: bytes) -> dict[str, int]:
    """Return the page of each place in a printed book that links lead to."""
    reader = PdfReader(BytesIO(data))
    return {
        unquote(name.removeprefix("/")): number + 1
        for name, target in reader.named_destinations.items()
        if (number := reader.get_destination_page_number(target))
    }


def finish(data: bytes, title: str) -> bytes:
    """Let copied text be the book's, and each print of it the same.

    Fonts draw a radical and the character that looks like it by one glyph,
    and two letters such as fi, too.  Chromium then says that the glyph is the
    radical, or the ligature, which nobody types.  It also writes down the
    time, and numbers that are others each time.
    """
    reader = PdfReader(BytesIO(data))
    trailer: Any = reader.trailer
    fonts: dict[int, Any] = {}
    for page in reader.pages:
        resources: Any = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            fonts[font.idnum] = font.get_object()
    information = trailer.raw_get("/Info").idnum
    text = b"\xfe\xff" + title.encode("utf-16-be")
    changes = {information: b"<</Title <%s>>>" % text.hex().encode()}
    for font in fonts.values():
        if "/ToUnicode" in font:
            codes = font["/ToUnicode"].get_data().decode("ascii")
            fixed = "\n".join(map(_fix_codes, codes.split("\n")))
            packed = zlib.compress(fixed.encode("ascii"))
            changes[font.raw_get("/ToUnicode").idnum] = (
                b"<</Filter /FlateDecode\n/Length %d>> stream\n%s\nendstream"
                % (len(packed), packed)
            )
    found = sorted(set(_NODE.findall(data)))
    nodes = {name: b"%08d" % i for i, name in enumerate(found, 1)}
    data = _NODE.sub(lambda match: nodes[match[0]], data)
    return _replace_objects(data, changes)


def _replace_objects(data: bytes, changes: dict[int, bytes]) -> bytes:
    """Return a PDF file of Chromium's with other objects: number -> object.

    pypdf would write it as well, but in seconds, for there are tens of
    thousands of objects.
    """
    start = int(data.rpartition(b"startxref")[2].split()[0])
    # A header, where each object begins, the trailer.
    head, *table = data[start:].split(b"\n")
    count = int(table[0].split()[1])
    places = [int(line[:10]) for line in table[1 : count + 1]]
    order = sorted((place, i) for i, place in enumerate(places) if place)
    parts = [data[: order[0][0]]]
    size = len(parts[0])
    ends = [place for place, _ in order[1:]] + [start]
    for (place, i), end in zip(order, ends, strict=True):
        part = data[place:end]
        if i in changes:
            part = b"%d 0 obj\n%s\nendobj\n" % (i, changes[i])
        table[i + 1] = b"%010d" % size + table[i + 1][10:]
        parts.append(part)
        size += len(part)
    tail = b"\n".join([head, *table]).replace(
        b"startxref\n%d\n" % start, b"startxref\n%d\n" % size
    )
    return b"".join([*parts, tail])


def _fix_codes(line: str) -> str:
    """Fix a line of a font's table: glyph, or glyphs from, to; character."""
    hexes = [word.strip("<>") for word in line.split() if word[0] == "<"]
    if len(hexes) < 2:
        return line
    glyphs = [int(word, 16) for word in hexes[:-1]]
    first = int(hexes[-1], 16)
    characters = range(first, first + glyphs[-1] - glyphs[0] + 1)
    if not any(code in _LOOKS_LIKE for code in characters):
        return line
    # In UTF-16, as such a table is written.
    texts = (_LOOKS_LIKE.get(code, chr(code)) for code in characters)
    fixed = [f"<{text.encode('utf-16-be').hex().upper()}>" for text in texts]
    start = " ".join(f"<{word}>" for word in hexes[:-1])
    return (
        f"{start} {fixed[0]}"
        if len(hexes) == 2
        else (f"{start} [{' '.join(fixed)}]")
    )
