"""Which tasks each kind of sandbox worker may run: fixed tables of names, and nothing else runs.

A task is a function ``(header, blobs) -> (header, blobs)`` named ``package.module:function``. It is pure: bytes and
JSON in, bytes and JSON out. Names are strings, so that this package, low in the house, knows nothing of its users.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from esign.pdf.sandbox.wire import Header

Task = Callable[[Header, list[bytes]], tuple[Header, list[bytes]]]


@dataclass(frozen=True)
class Kind:
    """A kind of worker: what it may run, and how long one process is kept."""

    name: str
    tasks: tuple[str, ...]
    """``package.module:function`` of all that may be asked of it. The modules are imported when the worker starts."""
    retire_after: int
    """Jobs after which a process is replaced by a fresh one, so that nothing piles up in it."""


PARSE = Kind(
    name="parse",
    tasks=(
        "esign.pades.letter:examine_task",
        "esign.pades.tasks:prepare_task",
        "esign.pades.tasks:append_dss_task",
        "esign.pades.tasks:prepare_document_timestamp_task",
        "esign.pades.tasks:append_content_task",
        "esign.pades.returned:read_task",
        "esign.verify.additions:additions_task",
        "esign.verify.validate:validate_task",
        "esign.verify.digests:digests_task",
        "esign.verify.digesting:digest_task",
        "esign.verify.full:full_task",
    ),
    retire_after=1000,
)
"""Reading and writing PDF structure, CMS and certificates: Python code, the verdict among it."""

RENDER = Kind(
    name="render",
    tasks=(
        "esign.pdf.text:find_tag_task",
        "esign.pdf.render:page_image_task",
        "esign.pdf.render:free_box_task",
        "esign.pdf.margin:foot_marks_task",
        "esign.pdf.tag_room:room_over_task",
        "esign.pdf.marked:marked_task",
        "esign.pdf.witness:witness_task",
        "esign.pades.picture:picture_task",
    ),
    retire_after=500,
)
"""PDFium: native code over hostile bytes, so it lives apart from the verdict and gives back pixels, text and boxes."""

KINDS = {kind.name: kind for kind in (PARSE, RENDER)}


def load(name: str) -> Task:
    """The function behind ``package.module:function``; ``ImportError`` or ``AttributeError`` where there is none."""
    module, _, function = name.partition(":")
    return cast("Task", getattr(importlib.import_module(module), function))
