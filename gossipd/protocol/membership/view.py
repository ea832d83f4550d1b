"""Applies claims to the member table. Those about this node are refuted (`own_word`).

Follows SWIM sections 4.1 and 4.2 and Lifeguard IV.B. Two things are added. Generations let a
restarted node replace its old self at once. And tables are merged: two nodes whose tables differ
send each other rows. Others' verdicts on a member that is live here are believed only after it has
been suspect here for a while, so that after a partition no side declares members of the other dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import structs

from .. import events
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import (
    ALIVE,
    DEAD,
    EVIDENCE,
    FORGOTTEN,
    LEFT,
    REFUSED,
    SILENCE,
    STATES,
    SUSPECT,
    Claim,
    Claims,
    evidence_name,
    usable_tags,
)
from .departures import Departures
from .gossip import Gossip
from .newcomers import admitted
from .own_looks import OwnLooks
from .own_word import OwnWord
from .peer import Peer
from .precedence import beats, has_newer_tags, usable_id
from .suspicions import Suspicions
from .table import Member, MemberTable


class View(Part):
    """This node's view of the cluster: changes the member table by claims, and reports events."""

    def __init__(
        self,
        runtime: Runtime,
        table: MemberTable,
        gossip: Gossip,
        own_word: OwnWord,
        looks: Callable[[str], OwnLooks],
        changed: Callable[[Iterable[Member]], None],
    ) -> None:
        """Makes the view of a node that has just started.

        Args:
            looks: makes what pings members, by a name for its timers.
            changed: called with the rows that claims of others have changed.
        """
        self._runtime = runtime
        self._table = table
        self._gossip = gossip
        self._own_word = own_word
        self._changed = changed
        self._suspicions = Suspicions(runtime, table, looks("look"), self.declare_dead)
        self._departures = Departures(gossip, looks("departure"), self._left)
        self._suspected = 0
        self._verdicts = dict.fromkeys(EVIDENCE, 0)
        self.handlers = {Claims: Handler(self.on_claims, Admits.MEMBERS)}

    # What others say

    def on_claims(self, claims: Claims, peer: Peer) -> None:
        """Applies what a member gossips."""
        for claim in admitted(self._runtime, self._table, peer, claims.claims):
            self.hear(claim, peer)

    def hear(self, claim: Claim, peer: Peer | None = None) -> Member | None:
        """Applies a claim of a peer, or its member's own word; returns its row, if there is one."""
        changed = self.apply(claim, own_word=peer is None or peer.says_of_itself(claim))
        row = self._table.rows.get(claim.id)
        if changed and row is not None:
            self._changed([row])
            if row.state == claim.state and peer is not None and peer.sender.id == claim.accuser:
                self._gossip.pass_on(claim)
        return row

    def merge(self, claims: Iterable[Claim], merged_from: str) -> bool:
        """Applies rows of the table of the peer `merged_from`. Returns whether any was news."""
        news = False
        for claim in claims:
            news |= self.apply(claim, merged_from)
        return news

    @property
    def own(self) -> Member:
        """Returns this node's row."""
        return self._table.own

    def heard(self) -> None:
        """Notes that a member was heard, whichever it is."""
        self._suspicions.hear()

    def tell_changed(self, members: Iterable[str]) -> None:
        """Calls `changed` with the rows of these ids that are live."""
        self._changed([self._table.live[each] for each in members if each in self._table.live])

    def apply(self, claim: Claim, merged_from: str = "", *, own_word: bool = False) -> bool:
        """Applies a claim if it is news. Returns whether it changed this node's view.

        `merged_from` is the peer whose table the claim comes from, empty for gossip and own words.
        """
        if not usable_id(claim.id) or (claim.accuser and not usable_id(claim.accuser)):
            self._runtime.reject("id")
            return False
        if claim.tags is not None and not usable_tags(claim.tags.text):
            self._runtime.reject("tags")
            claim = structs.replace(claim, tags=None)
        changed = self._apply(claim, merged_from, own_word=own_word)
        row = self._table.rows.get(claim.id)
        if row is None or not has_newer_tags(claim, row):
            return changed
        if row is self._table.own:
            return self._own_word.refute_tags(claim) or changed
        self._take_tags(row, claim)
        return True

    def _apply(self, claim: Claim, merged_from: str, *, own_word: bool) -> bool:
        row = self._table.rows.get(claim.id)
        if row is self._table.own:
            return self._own_word.refute(claim)
        if row is None:
            return self._unknown(claim, merged_from)
        if not beats(claim, row):
            self._confirm(row, claim, merged_from)
            if row.state >= DEAD and not beats(row, claim):
                row.at_least(claim.age, self._runtime.now)
            return False
        if claim.state == DEAD and row.state <= SUSPECT:
            return self._doubt(row, claim, merged_from)
        if claim.state == LEFT and row.live and not own_word and self._runtime.config.own_looks:
            self._departures.hold(row, claim, merged_from)
            return False
        self._change(row, claim)
        return True

    def suspect(self, row: Member, evidence: int = SILENCE) -> None:
        """Suspects a member, or confirms its suspicion, after this node's probe of it failed."""
        if self._departures.missed(row):
            return
        self._suspected += 1
        own = self._table.own.id
        claim = Claim(row.id, row.generation, row.incarnation, SUSPECT, own, 0, evidence)
        if row.state == ALIVE:
            self._change(row, claim, failed=True)
        elif row.state == SUSPECT:
            self._confirm(row, claim, "")
            self._suspicions.failed(row)
        if evidence == REFUSED:
            self._gossip.tell_all(claim)

    def declare_dead(
        self, row: Member, generation: int, incarnation: int, evidence: int = SILENCE
    ) -> None:
        """Declares a member dead that is suspect under this generation and incarnation."""
        if row.state != SUSPECT or (row.generation, row.incarnation) != (generation, incarnation):
            return
        self._verdicts[EVIDENCE[evidence]] += 1
        own = self._table.own.id
        claim = Claim(row.id, generation, incarnation, DEAD, own, 0, evidence)
        # All suspicions of one member end at about the same time. The first one began first.
        first = self._runtime.config.verdicts_at_once and row.accuser == own
        self._change(row, claim)
        if first or evidence == REFUSED:
            self._gossip.tell_all(claim)

    def overdue(self, claim: Claim) -> bool:
        """Returns whether a claim is about a member that this node would forget at once."""
        lasts = self._runtime.config.forget_after
        return claim.state >= DEAD and 0 < lasts <= claim.age

    def forget(self, row: Member) -> None:
        """Forgets a dead or left member, and tells the cluster to do so."""
        claim = Claim(row.id, row.generation, row.incarnation, row.state, row.accuser, FORGOTTEN)
        self._change(row, claim)

    @property
    def leaving(self) -> bool:
        """Returns whether this node says that it left, and so refutes nothing."""
        return self._own_word.leaving

    def leave(self) -> None:
        """Lets this node say that it left, and refute nothing from now on."""
        self._own_word.leave()

    def move(self, node_id: str) -> None:
        """Gives this node the id `node_id`, and tells the cluster that its old id left."""
        known = self._table.rows.get(node_id)
        if known is not None:
            self._suspicions.close(known)
        self._own_word.move(node_id)

    def _unknown(self, claim: Claim, merged_from: str) -> bool:
        if claim.forgotten:
            # News of an address to try, from a node that remembers more than this one.
            self._table.keep_apart(claim.id)
            return False
        if self.overdue(claim):
            return False
        full = len(self._table.rows) >= self._runtime.config.member_limit
        if full and not self._table.make_room(claim):
            self._runtime.reject("member limit")
            return False
        if claim.state == SUSPECT:
            alive = Claim(claim.id, claim.generation, claim.incarnation, ALIVE)
            return self._unknown(alive, merged_from) and self.apply(claim, merged_from)
        row = self._table.add(claim, self._runtime.now)
        if claim.state == ALIVE:
            self._runtime.notify(events.MemberJoined(claim.id, claim.generation, None))
            self._report_tags(row, "")
        if not merged_from:
            # A row of a merged table is news to this node only, and not to the cluster.
            self._gossip.tell(claim)
        return True

    def _take_tags(self, row: Member, claim: Claim) -> None:
        before = row.tags.text if row.tags else ""
        self._table.tag(row, claim.tags)
        self._report_tags(row, before)
        self._gossip.tell(row.tagged_claim(self._runtime.now))

    def _report_tags(self, row: Member, before: str) -> None:
        tags = row.tags.text if row.tags else ""
        if tags != before and row.live:
            self._runtime.notify(events.MemberTags(row.id, tags))

    def _doubt(self, row: Member, claim: Claim, merged_from: str) -> bool:
        """Suspects a live member that another node has declared dead, or believes the verdict.

        After a partition each side holds the other for dead. If verdicts were taken over like other
        claims, they would win over every member that is alive, because dead beats alive under one
        incarnation. So a member must have been suspect here for half of the shortest suspicion
        before a gossiped verdict is believed, so that it can refute; or for a moment if the verdict
        rests on refused pings, of which all are told at once. And nobody is dead here whom this
        node itself still reaches (`OwnLooks`).

        A merged table, and a claim that the member is forgotten, accuse like others, at any time.
        """
        accuser = merged_from or claim.accuser
        doubted = Claim(row.id, claim.generation, claim.incarnation, SUSPECT, accuser)
        news = beats(doubted, row)
        if news:
            self._change(row, doubted)
        if merged_from or claim.forgotten:
            return news
        refused = claim.evidence == REFUSED
        if self._suspicions.is_failed(row) and self._suspicions.warned(row, refused=refused):
            self._change(row, claim)
            return True
        self._suspicions.convict(row)
        return news

    def _change(self, row: Member, claim: Claim, *, failed: bool = False) -> None:
        was, generation = row.state, row.generation
        self._table.change(row, claim, self._runtime.now)
        if claim.state != SUSPECT:
            self._suspicions.close(row)
        elif self._suspicions.open(row, claim.accuser, failed=failed):
            self._second(row)
        if not row.removed:
            self._report(row, was, generation)
        self._gossip.tell(claim)

    def _left(self, row: Member, claim: Claim) -> None:
        # This node may have taken the id meanwhile.
        if self._table.rows.get(row.id) is row:
            self._change(row, claim)
            self._changed([row])

    def _report(self, row: Member, was: int, generation: int) -> None:
        notify = self._runtime.notify
        if row.generation != generation and row.state <= SUSPECT:
            notify(events.MemberJoined(row.id, row.generation, generation))
            self._report_tags(row, "")
        elif row.state == ALIVE and was != ALIVE:
            if was <= DEAD:
                self._suspicions.recovered(row)
            notify(events.MemberRecovered(row.id, STATES[was]))
        elif row.state == SUSPECT and was == ALIVE:
            notify(events.MemberSuspect(row.id, row.accuser, evidence_name(row.evidence)))
        elif row.state == DEAD and was <= SUSPECT:
            notify(events.MemberDead(row.id, row.accuser, evidence_name(row.evidence)))
        elif row.state == LEFT and was <= DEAD:
            notify(events.MemberLeft(row.id))
        if row.forgotten:
            notify(events.MemberForgotten(row.id))

    # Suspicions

    def _confirm(self, row: Member, claim: Claim, merged_from: str) -> None:
        """Shortens an open suspicion, if the claim comes from one more accuser.

        A suspect row of a merged table only repeats what its node heard, so it does not confirm.
        """
        if row.state != SUSPECT or merged_from or claim.state != SUSPECT:
            return
        if (claim.generation, claim.incarnation) != (row.generation, row.incarnation):
            return
        if self._suspicions.confirm(row, claim.accuser):
            self._gossip.tell(claim)

    def missed(self, row: Member) -> None:
        """Confirms a suspicion, now or soon, of a member that this node tried in vain as a relay.

        A relay raises no suspicion itself: it has sent one ping, which may be lost.
        """
        row.missed(self._runtime.now)
        if row.state == SUSPECT:
            self._suspicions.failed(row)
            self._second(row)

    def _second(self, row: Member) -> None:
        if self._runtime.config.sought_confirmations:
            own = self._table.own.id
            self._confirm(row, Claim(row.id, row.generation, row.incarnation, SUSPECT, own), "")

    def paused(self, seconds: float) -> None:
        """Extends open suspicions: a member could not refute while this process stood still."""
        self._suspicions.paused(seconds)

    def counted(self) -> Mapping[str, Any]:
        """Returns members by state, and the suspicions, verdicts and refutations of this node."""
        members = {"joining": 0, **self._table.counts}
        deaths = sum(self._verdicts.values())
        return {
            "members": members,
            "deaths": deaths,
            "verdicts": self._verdicts,
            "suspicions": self._suspected,
            "refutations": self._own_word.refutations,
        }
