"""Runs two nodes inside one program on trio, which count together.

Usage: embedded.py PORT, of which PORT and PORT + 1 must be free on 127.0.0.1
"""

import sys

import trio

import gossipd


async def main(port: int) -> None:
    first, second = f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}"
    async with (
        gossipd.open(bind=first, discovery=False) as one,
        gossipd.open(bind=second, join=[first], discovery=False) as other,
    ):
        async for event in one.events():
            print(event["event"], event["member"])
            break
        counted = await one.add("views", 5, ack="all")
        print(f"views: {counted.value}, as {counted.holders} nodes know")
        async for value in other.watch("views"):
            print(f"the other node sees {value}")
            if value == 5:
                break


trio.run(main, int(sys.argv[1]))
