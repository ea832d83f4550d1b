"""Which nodes are in the cluster, and which are alive: SWIM with Lifeguard, joining and leaving."""

from .awareness import Awareness
from .challenges import Challenges
from .clocks import Clocks
from .clusters import Clusters
from .contacts import Contacts
from .details import MemberDetails, member_details
from .detector import Detector
from .discovery import Discovery
from .echoes import Echoes, RoundTrips
from .forgetting import Forgetting
from .gossip import Gossip
from .leaving import Leaving
from .newcomers import admitted
from .own_looks import OwnLooks
from .own_word import OwnWord, first_claim
from .peer import Peer
from .precedence import beats, has_newer_tags, usable_id
from .proof import Proof
from .reasons import Reasons
from .relays import Relays
from .scout import SCOUTING, Scout
from .seeds import SeedWatch
from .sessions import Seal
from .suspicion import suspicion_timeout
from .table import Member, MemberTable, MemberView
from .view import View

__all__ = [
    "SCOUTING",
    "Awareness",
    "Challenges",
    "Clocks",
    "Clusters",
    "Contacts",
    "Detector",
    "Discovery",
    "Echoes",
    "Forgetting",
    "Gossip",
    "Leaving",
    "Member",
    "MemberDetails",
    "MemberTable",
    "MemberView",
    "OwnLooks",
    "OwnWord",
    "Peer",
    "Proof",
    "Reasons",
    "Relays",
    "RoundTrips",
    "Scout",
    "Seal",
    "SeedWatch",
    "View",
    "admitted",
    "beats",
    "first_claim",
    "has_newer_tags",
    "member_details",
    "suspicion_timeout",
    "usable_id",
]
