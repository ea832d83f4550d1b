"""Designs of folding that look right and fail, each with one rule of its own."""

from __future__ import annotations

from collections.abc import Iterator

from tests.protocol.models.heirs import CLOSED, Batch, Design, Directory, Log, Row, Slot, totals


class NobodyAsked(Design):
    """Rival: a process folds what it finds on its disk, which may have been set back or copied."""

    def ready(self, directory: Directory, members: set[int]) -> bool:
        return bool(self.batch(directory))


class OneWins(NobodyAsked):
    """Rival: nobody is asked; of two heirs of one id, only the inherited sums of the least count.

    It is right as long as neither of the two is folded itself. Then the sums of the one that does
    not count hold more than what both had.
    """

    def part(self, directory: Directory, name: int, owner: int) -> int:
        part = super().part(directory, name, owner)
        closed = set(directory.log(owner).closed())
        beaten = any(
            other < owner and self.whole(log) and closed & set(log.closed())
            for other, log in directory.logs
        )
        return part - totals(directory.log(owner), name)[1] if beaten else part


class SeenAlike(Design):
    """Rival: whoever sees that all members hold the same of ids that nobody runs as folds these."""

    def batch(self, directory: Directory) -> Batch:
        if not directory.running or directory.log(directory.running).row(CLOSED):
            return ()
        return tuple(
            (owner, log.have)
            for owner, log in directory.logs
            if owner != directory.running and directory.children(owner) and log.newest <= log.have
        )

    def answer(self, member: Directory, batch: Batch, asker: int) -> bool:
        return all(
            owner != member.running and member.log(owner).have == version
            for owner, version in batch
        )


class LeaderPrunes(SeenAlike):
    """Rival: the least process that a node knows of folds every id that has a successor."""

    def batch(self, directory: Directory) -> Batch:
        ends = [owner for owner, _ in directory.logs if not directory.children(owner)]
        return super().batch(directory) if directory.running == min(ends, default=0) else ()

    def ready(self, directory: Directory, members: set[int]) -> bool:
        return bool(self.batch(directory))


class IntoItsOwnTotal(Design):
    """Rival: the heir adds what it inherits to its own total."""

    def bundle(
        self, directory: Directory, batch: Batch
    ) -> Iterator[tuple[Slot, tuple[int | None, ...]]]:
        for slot, value in super().bundle(directory, batch):
            own, inherited, *_ = value
            yield slot, ((own or 0) + (inherited or 0), 0) if slot[0] == "sum" else value


class CutsVouch(Design):
    """Rival: a node has everything up to the last row of a delta that was cut.

    What is missing below was replaced, but the row that replaced it is not here yet, and may be
    lost with its sender. The old ids are dropped for a bundle of which a part is missing, and of
    plain slots nobody sends again what this node lacks.
    """

    def vouched(self, log: Log, rows: list[Row]) -> int:
        return max(log.have, rows[-1].version)


class OneGeneration(Design):
    """Rival: the closing row lists only what is folded now, not what that had folded."""

    def listed(self, directory: Directory, batch: Batch) -> tuple[int, ...]:
        return tuple(owner for owner, _ in batch)


class ForgottenOnceHeld(OneGeneration):
    """Rival: the same, where every member that is asked has closed what was folded before."""

    def answer(self, member: Directory, batch: Batch, asker: int) -> bool:
        held = all(member.log(owner).have == version for owner, version in batch)
        return held and super().answer(member, batch, asker)


class PlacesClosed(Design):
    """Rival: the closing row says up to which place in their line all ids are closed.

    It is as short for many ids as for one, if each says its place. Here the list stands for it.
    """

    def closed(self, directory: Directory) -> set[int]:
        found = super().closed(directory)
        for heir, log in directory.logs:
            places = {owner: place for place, owner in enumerate(log.closed())}
            for owner, other in directory.logs:
                if other.parent in places and owner != heir and self.whole(log):
                    places.setdefault(owner, places[other.parent] + 1)
                    found |= {owner} if places[owner] < len(log.closed()) else set()
        return found


class NetSums(Design):
    """Rival: a fold subtracts the baselines that it knows, and these go."""

    def bundle(
        self, directory: Directory, batch: Batch
    ) -> Iterator[tuple[Slot, tuple[int | None, ...]]]:
        for slot, value in super().bundle(directory, batch):
            if slot[0] == "sum":
                net = sum(self.part(directory, slot[1], owner) for owner, _ in batch)
                yield slot, (value[0], net)
            elif slot[2] not in self.listed(directory, batch):
                yield slot, value
