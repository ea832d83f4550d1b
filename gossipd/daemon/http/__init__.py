"""An HTTP/1.1 server on trio. Nothing of gossipd is in it."""
