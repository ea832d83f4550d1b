"""A cluster for the tests of programs that run a node inside themselves."""

from gossipd.daemon import Cluster, cluster

__all__ = ["Cluster", "cluster"]
