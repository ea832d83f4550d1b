"""Tags: what a member says of its purpose, such as `role=web`. They are part of its claims.

Their text is one line, `name=value` after `name=value` in order of name, separated by commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta, Struct

from .message import Version

MOST_TAGS: Final = 16
TAGS_BYTES: Final = 512
"""The longest text of a member's tags."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")


class Tags(Struct, array_like=True, gc=False, frozen=True):
    """The tags of a member, as it set them in its present generation.

    Attributes:
        incarnation: the member's when it set them. Tags of a larger one replace these.
        text: the tags, see the module; empty if the member has taken all of them back.
    """

    incarnation: Version
    text: Annotated[str, Meta(max_length=TAGS_BYTES)]


def tags_text(tags: Iterable[str]) -> str:
    """Returns the text of tags such as `role=web`, in order of name.

    Raises ValueError, with one line, for what is no tag, for a name that is there twice, and for
    tags that are too many or too long.
    """
    named: dict[str, str] = {}
    for tag in tags:
        name, equals, value = (part.strip() for part in tag.partition("="))
        if not equals or not value:
            raise ValueError(f"{tag[:40]!r} is no tag such as role=web")
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name[:40]!r}: the name of a tag has 1 to 63 letters, digits, '.', '_', '/', '-'"
            )
        if not value.isprintable() or "," in value:
            raise ValueError(f"{name}: the value of a tag has no comma and no control characters")
        if named.setdefault(name, value) != value:
            raise ValueError(f"{name}: a member has one value for a tag, not two")
    if len(named) > MOST_TAGS:
        raise ValueError(f"{len(named)} tags: a member has at most {MOST_TAGS}")
    text = ",".join(f"{name}={value}" for name, value in sorted(named.items()))
    if len(text.encode()) > TAGS_BYTES:
        raise ValueError(f"the tags have {len(text.encode())} bytes: at most {TAGS_BYTES} in all")
    return text


def tag_values(text: str) -> dict[str, str]:
    """Returns the values in the text of tags, by name."""
    parts = (tag.partition("=") for tag in text.split(",") if tag)
    return {name: value for name, _, value in parts}


@lru_cache(maxsize=1 << 14)
def usable_tags(text: str) -> bool:
    """Returns whether this is the text of tags that a member can have."""
    try:
        return not text or tags_text(text.split(",")) == text
    except ValueError:
        return False
