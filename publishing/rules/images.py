"""Images: where they lie, how they are shown and how large they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
import posixpath
from urllib.parse import unquote
from urllib.parse import urlsplit

from ..findings import Finding
from ..packages import Package


# Everyone who loads any package downloads its folder. Nine in ten images of the registry are below
# the first; the second holds two or three.
IMAGE_BYTES = 150_000
PACKAGE_IMAGE_BYTES = 250_000
# No SVG: it can hold scripts, and the registry has none.
_BEGINNINGS = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF87a", b"GIF89a"),
}
_OTHER_IMAGES = (".svg", ".webp", ".bmp", ".tif", ".tiff", ".ico")


def image_files(package: Package) -> list[str]:
    """Names of the files that are images by their name."""
    kinds = (*_BEGINNINGS, *_OTHER_IMAGES)
    return [name for name in package.files if PurePosixPath(name).suffix.lower() in kinds]


def is_readme_image(package: Package, name: str) -> bool:
    """Whether a file is a PNG, JPEG or GIF under images/, in fact and not by its name only."""
    beginnings = _BEGINNINGS.get(PurePosixPath(name).suffix.lower())
    if beginnings is None or PurePosixPath(name).parts[0] != "images":
        return False
    with (package.folder / name).open("rb") as file:
        return file.read(8).startswith(beginnings)


def image_kind(package: Package) -> Iterable[Finding]:
    """PNG, JPEG or GIF, under images/."""
    for name in image_files(package):
        if not (package.folder / name).is_symlink() and not is_readme_image(package, name):
            message = "must be a PNG, JPEG or GIF under images/: convert or move it"
            yield package.finding("image-kind", name, 0, message)


def image_size(package: Package) -> Iterable[Finding]:
    """Small, each and together."""
    sizes = {name: (package.folder / name).lstat().st_size for name in image_files(package)}
    for name, size in sizes.items():
        if size > IMAGE_BYTES:
            message = f"{size:,} bytes, at most {IMAGE_BYTES:,}: draw it smaller or compress it"
            yield package.finding("image-size", name, 0, message)
    total = sum(sizes.values())
    if total > PACKAGE_IMAGE_BYTES:
        message = f"{total:,} bytes together, at most {PACKAGE_IMAGE_BYTES:,}: show fewer"
        yield package.finding("image-size", "images", 0, message)


def image_links(package: Package) -> Iterable[Finding]:
    """The README shows them by relative paths that lead to files of images/."""
    for place in package.readme.images:
        parts = urlsplit(place.text)
        path = posixpath.normpath(unquote(parts.path))
        if parts.scheme or parts.netloc or path.startswith(("/", "..")):
            message = f"{place.text!r} is not in the package: copy the image into images/"
        elif path not in package.files:
            message = f"{place.text!r} does not exist: add it or correct the path"
        elif not path.startswith("images/"):
            message = f"{place.text!r} is not under images/: move it"
        else:
            continue
        yield package.finding("image-links", "README.md", place.line, message)


def image_use(package: Package) -> Iterable[Finding]:
    """Each is shown in the README."""
    shown = {posixpath.normpath(unquote(place.text)) for place in package.readme.images}
    for name in image_files(package):
        if name not in shown:
            yield package.finding("image-use", name, 0, "the README does not show it: remove it")
