"""An HTTP/1.1 server on trio. Nothing of gossipd is in it."""

from .messages import TEXT, Handler, Limits, Request, Response, Stream, text_response
from .server import HttpServer, HttpStatistics

__all__ = [
    "TEXT",
    "Handler",
    "HttpServer",
    "HttpStatistics",
    "Limits",
    "Request",
    "Response",
    "Stream",
    "text_response",
]
