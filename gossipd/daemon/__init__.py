"""The daemon: it runs a node of the protocol on trio, with sockets, a store, HTTP and a log.

This door imports nothing but the configuration. The rest is imported when it is first asked for,
since the command line must start fast and trio is slow to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gossipd.protocol import (
    ACK_LEVELS,
    DEFAULT_PORT,
    PROFILES,
    KeyReused,
    LimitExceeded,
    Reset,
    Stated,
)

from .config import (
    DEFAULT_HOST,
    LOG_FORMATS,
    LOG_LEVELS,
    DaemonConfig,
    check_cluster,
    default_data_dir,
    parse_bind,
    parse_contact,
    parse_contacts,
    parse_duration,
    parse_hosts,
    parse_places,
    parse_port,
    parse_tags,
)

if TYPE_CHECKING:
    from .access import ROLES, Role, new_token
    from .errors import StartError
    from .inside import Add, Counted, Member, Node, OutcomeUnknown, open_node
    from .open import Daemon, open_daemon
    from .rehearsal import Cluster, cluster
    from .run import main
    from .sealing import Gate, KeyFileError, new_key, read_keys, write_key
    from .service import Refused
    from .storage import InspectionError, back_up, check_directory, read_directory

__all__ = [
    "ACK_LEVELS",
    "DEFAULT_HOST",
    "DEFAULT_PORT",
    "LOG_FORMATS",
    "LOG_LEVELS",
    "PROFILES",
    "ROLES",
    "Add",
    "Cluster",
    "Counted",
    "Daemon",
    "DaemonConfig",
    "Gate",
    "InspectionError",
    "KeyFileError",
    "KeyReused",
    "LimitExceeded",
    "Member",
    "Node",
    "OutcomeUnknown",
    "Refused",
    "Reset",
    "Role",
    "StartError",
    "Stated",
    "back_up",
    "check_cluster",
    "check_directory",
    "cluster",
    "default_data_dir",
    "main",
    "new_key",
    "new_token",
    "open_daemon",
    "open_node",
    "parse_bind",
    "parse_contact",
    "parse_contacts",
    "parse_duration",
    "parse_hosts",
    "parse_places",
    "parse_port",
    "parse_tags",
    "read_directory",
    "read_keys",
    "write_key",
]

_LATE = {
    "Add": "inside",
    "Cluster": "rehearsal",
    "Counted": "inside",
    "Daemon": "open",
    "Gate": "sealing",
    "InspectionError": "storage",
    "KeyFileError": "sealing",
    "Member": "inside",
    "Node": "inside",
    "OutcomeUnknown": "inside",
    "ROLES": "access",
    "Refused": "service",
    "Role": "access",
    "StartError": "errors",
    "back_up": "storage",
    "check_directory": "storage",
    "cluster": "rehearsal",
    "main": "run",
    "new_key": "sealing",
    "new_token": "access",
    "open_daemon": "open",
    "open_node": "inside",
    "read_directory": "storage",
    "read_keys": "sealing",
    "write_key": "sealing",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATE[name]}", __name__), name)
