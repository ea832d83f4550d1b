"""All messages by name."""

from __future__ import annotations

import re
from typing import Final

from . import comparing, messages
from .message import Message

KINDS: Final[dict[type[Message], str]] = {
    kind: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    for module in (messages, comparing)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
}
"""The names of all messages, such as `ping_req`, under which their datagrams are counted."""
