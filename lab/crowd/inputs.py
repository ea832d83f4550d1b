"""What random clients send: requests of each door, whole, cut, changed, or made of pieces.

Names, keys and sources are drawn from a few, so that what a node has to keep is bounded.
"""

from __future__ import annotations

import json
from random import Random

_NAMES = [
    *("a", "b", "views:1", "default", "", "ä", "n" * 128, "n" * 129, "\x01", "%", "a b", "*", "["),
    *("[^a", "\\", "__keyspace@0__:a", "__keyevent@0__:incrby", "__keyspace@0__:*"),
]
_NUMBERS = [
    *("0", "1", "-1", "5", "60", "9007199254740991", "-9007199254740992", "9223372036854775807"),
    *("9223372036854775808", "1" * 400, "1.5", "1e400", "x", "", "007", " 1", "NaN"),
]
_NESTED = "[" * 5000


def _cut(rng: Random, data: bytes) -> bytes:
    """Returns the data as it is, half, or with bytes changed, taken out or put in."""
    drawn = rng.random()
    if drawn < 0.6 or not data:
        return data
    place = rng.randrange(len(data))
    if drawn < 0.75:
        return data[:place]
    width = rng.choice([0, 0, 1, 2, 40])
    return data[:place] + rng.randbytes(rng.choice([0, 1, 1, 9])) + data[place + width :]


# Redis

_COMMANDS = [
    *("PING", "ECHO", "HELLO", "AUTH", "SELECT", "QUIT", "RESET", "CLIENT", "COMMAND", "INFO"),
    *("CONFIG", "GET", "MGET", "EXISTS", "TYPE", "INCR", "INCRBY", "DECR", "DECRBY", "GETDEL"),
    *("DEL", "UNLINK", "EXPIRE", "PEXPIRE", "TTL", "PTTL", "PERSIST", "KEYS", "SCAN", "DBSIZE"),
    *("SET", "WAIT", "MULTI", "EXEC", "DISCARD", "SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE"),
    *("PUNSUBSCRIBE", "PUBSUB", "MONITOR", "SAVE", "incr", "gEt", "POST", ""),
]
_WORDS = [
    *("NX", "XX", "GET", "EX", "PX", "GT", "LT", "MATCH", "COUNT", "TYPE", "ID", "INFO", "DOCS"),
    *("SETNAME", "SETINFO", "NO-EVICT", "CHANNELS", "NUMSUB", "NUMPAT", "2", "3", "on", "string"),
]
_PIECES = [
    *(b"*1\r\n", b"*3\r\n", b"*1024\r\n", b"*1025\r\n", b"*2000000000\r\n", b"*-1\r\n", b"*0\r\n"),
    *(b"$1\r\na\r\n", b"$0\r\n\r\n", b"$2\r\n\xff\xff\r\n", b"$513\r\n", b"$1\r\n", b"$-1\r\n"),
    *(
        b'"\r\n',
        b"\r\n",
        b"\n",
        b"%1\r\n",
        b":1\r\n",
        b"~2\r\n",
        b"|1\r\n",
        b"_\r\n",
        b"*1\r\n" * 99,
    ),
    *(b"x" * 70_000, b"INCR a\r\n" * 500, b"KEYS *\r\n" * 20, b'ECHO "\\x00\\q\r\n', b"\0" * 30),
]


def redis_input(rng: Random) -> bytes:
    """Returns requests of a Redis client, or what only begins like them."""
    parts = []
    for _ in range(rng.choice([1, 1, 2, 5, 40])):
        if rng.random() < 0.2:
            parts.append(rng.choice(_PIECES))
            continue
        words = [rng.choice(_COMMANDS)]
        for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 6])):
            words.append(rng.choice(rng.choice([_NAMES, _NUMBERS, _WORDS])))
        parts.append(_cut(rng, _request(words) if rng.random() < 0.8 else _line(words)))
    return b"".join(parts)


def _request(words: list[str]) -> bytes:
    coded = [word.encode() for word in words]
    return b"*%d\r\n" % len(coded) + b"".join(b"$%d\r\n%b\r\n" % (len(one), one) for one in coded)


def _line(words: list[str]) -> bytes:
    return " ".join(words).encode() + b"\r\n"


# HTTP

_METHODS = ["GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "g"]
# Not asked for: what looks names up, and what ends the node.
_PATHS = [
    *("/v1/counters", "/v1/counters/{}", "/v1/counters/{}/add", "/v1/counters/{}/reset"),
    *("/v1/counters/{}/sources/{}", "/v1/add", "/v1/counters/{}/watch", "/v1/watch", "/v1/events"),
    *("/v1/members", "/v1/members/{}/forget", "/v1/status", "/v1/keys", "/openapi.json", "/count"),
    *("/increment", "/sync", "/peers", "/health", "/livez", "/readyz", "/healthz", "/metrics"),
    *("/", "", "*", "http://a/count", "//", "/%", "/%ff%fe", "/../..", "/" + "a" * 9000, "/\0"),
]
_QUERIES = [
    *(
        "",
        "",
        "",
        "?ack=local",
        "?ack=all",
        "?ack=x",
        "?prefix=v&limit=2",
        "?limit=-1",
        "?after=%ff",
    ),
    *("?limit=" + "9" * 400, "?verbose", "?a=1&a=2", "?" + "&" * 5000, "?prefix=%00"),
]
_HEADERS = [
    *("Content-Type: application/json", "Connection: close", "Connection: keep-alive, x"),
    *('Idempotency-Key: "one"', "Idempotency-Key: two", "Last-Event-ID: 1", "Last-Event-ID: x-9"),
    *("Expect: 100-continue", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked"),
    *("Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999", "Origin: http://a"),
    *("Host: a", "Host: ", "Authorization: Bearer x", "Upgrade: h2c", "Accept: text/event-stream"),
    *("X: " + "y" * 20_000, "X\0: y", " folded", "Sec-Fetch-Site: cross-site"),
]


def http_input(rng: Random) -> bytes:
    """Returns requests of an HTTP client, or what only begins like them."""
    requests = [_cut(rng, _http_request(rng)) for _ in range(rng.choice([1, 1, 1, 2, 30]))]
    return b"".join(requests)


def _http_request(rng: Random) -> bytes:
    path = rng.choice(_PATHS)
    for _ in range(path.count("{}")):
        path = path.replace("{}", _escaped(rng.choice(_NAMES)), 1)
    version = rng.choice(["1.1"] * 9 + ["1.0", "0.9", "2.0"])
    lines = [f"{rng.choice(_METHODS)} {path}{rng.choice(_QUERIES)} HTTP/{version}"]
    if rng.random() < 0.9:
        lines.append("Host: localhost")
    lines += rng.sample(_HEADERS, rng.choice([0, 0, 0, 1, 1, 2, 5]))
    body = _body(rng)
    if body and rng.random() < 0.9:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def _escaped(name: str) -> str:
    return "".join(f"%{one:02x}" for one in name.encode())


def _body(rng: Random) -> bytes:
    drawn = rng.random()
    if drawn < 0.5:
        return b""
    if drawn < 0.6:
        huge = [b"[" + b"0," * 600_000, _NESTED.encode(), b"\xff\xfe{}", b'{"amount":', b"5\r\n"]
        return rng.choice(huge)
    return json.dumps(_value(rng, 0)).encode()


def _value(rng: Random, depth: int) -> object:
    drawn = rng.random()
    if drawn < 0.5 and depth < 3:
        fields = ["name", "amount", "ttl", "limit", "key", "total", "count", "peer", "x"]
        chosen = rng.sample(fields, rng.choice([0, 1, 2, 3]))
        return {field: _value(rng, depth + 1) for field in chosen}
    if drawn < 0.65 and depth < 3:
        return [_value(rng, depth + 1) for _ in range(rng.choice([0, 1, 2, 50]))]
    return rng.choice([*_NAMES, 0, 1, 5, -1, 60, 2**53 - 1, 2**53, 2**70, 1.5, True, None])
