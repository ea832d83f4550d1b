"""One kinship node: host, port and hosts of seeds as arguments, one line for each change.

Run by the Python that has kinship, which has nothing of this project.
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

SAID = {MemberJoined: "alive", MemberRecovered: "alive", MemberDead: "dead", MemberLeft: "left"}


def main(host: str, port: str, *seeds: str) -> None:
    """Runs until the process is ended."""
    settings = Config.lan(
        name=host,
        bind=f"{host}:{port}",
        cluster="bench",
        seeds=[f"{seed}:{port}" for seed in seeds],
        insecure_plaintext=True,
    )
    node = Cluster(settings)
    node.start()
    told = node.events()
    for member in node.members():
        print("alive", member.name, time.time(), flush=True)
    for event in told:
        said = SAID.get(type(event))
        if said is not None:
            print(said, event.member.name, time.time(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
