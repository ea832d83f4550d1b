"""What programs import of gossipd is there, and costs nothing before it is used."""

from __future__ import annotations

import subprocess
import sys

import gossipd
import gossipd.testing
from gossipd.daemon import cluster, open_node
from gossipd.version import __version__


def test_everything_that_is_named_is_there() -> None:
    """`gossipd.open` is `open_node`."""
    assert all(getattr(gossipd, name) for name in gossipd.__all__)
    assert (open_node, cluster) == (gossipd.open, gossipd.testing.cluster)
    assert __version__ == gossipd.__version__
    assert not hasattr(gossipd, "nothing")


def test_the_import_imports_nothing() -> None:
    """Neither trio nor attrs, until a name is asked for."""
    code = "import gossipd, sys; print(sorted({'trio', 'attrs', 'msgspec'} & {*sys.modules}))"
    code += "; gossipd.open; print('trio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\nTrue\n" == done.stdout
