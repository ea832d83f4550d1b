"""One node of kinship; prints a line for each change that it reports.

Arguments: its host, its port, and the hosts of its seeds. It is run by the Python of an environment
that has kinship and nothing of this project.
"""

import sys
import time

from kinship import (  # type: ignore[import-not-found,unused-ignore]
    Config,
    MemberDead,
    MemberJoined,
    MemberLeft,
    MemberRecovered,
)
from kinship.blocking import Cluster  # type: ignore[import-not-found,unused-ignore]

KINDS = {MemberJoined: "alive", MemberRecovered: "alive", MemberDead: "dead", MemberLeft: "left"}


def main(host: str, port: str, *seeds: str) -> None:
    """Runs the node until the process is ended."""
    settings = Config.lan(
        name=host,
        bind=f"{host}:{port}",
        cluster="bench",
        seeds=[f"{seed}:{port}" for seed in seeds],
        insecure_plaintext=True,
    )
    node = Cluster(settings)
    node.start()
    changes = node.events()
    for member in node.members():
        print("alive", member.name, time.time(), flush=True)
    for event in changes:
        kind = KINDS.get(type(event))
        if kind is not None:
            print(kind, event.member.name, time.time(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
