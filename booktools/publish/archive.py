"""Files -> a zip that is the same, to the byte, whenever the files are."""

import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_zip(path: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip: no clock, no system and no order of folders gets in.

    On a full disk, what was there before stays.

    Parameters
    ----------
    path : Path
        The file to write.
    contents : mapping of str to bytes
        Name in the zip -> content, in the order in which they are stored.
    """
    draft = path.with_name(f"{path.name}.draft")
    try:
        with zipfile.ZipFile(draft, "w") as archive:
            for name, data in contents.items():
                info = zipfile.ZipInfo(name)  # dated 1980-01-01: no clock
                info.external_attr = 0o100644 << 16
                info.create_system = 3  # or it would depend on ours
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
