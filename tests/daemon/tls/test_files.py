"""The files of TLS: which ones can be used, and that they are read again."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path

import pytest
import trio

from gossipd.daemon.tls import Tls, TlsFileError, TlsFiles
from tests.certificates import Authority
from tests.daemon.conftest import Lines
from tests.daemon.tls.conftest import Site

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def names(stream: trio.SSLStream[trio.SocketStream]) -> str:
    """The name in the certificate that a server showed."""
    found = stream.getpeercert()
    return str(dict(pair[0] for pair in found["subject"])["commonName"])


async def test_new_files_are_for_new_connections(site: Site, lines: Lines, tmp_path: Path) -> None:
    """Open ones go on, within seconds of the change or when asked; wrong files change nothing."""
    async with site.serving(), trio.open_nursery() as nursery:
        old = await site.connect()
        await old.send_all(GET)
        await old.receive_some()
        assert "node" == names(old)
        cert, key = site.authority.issue("renewed", "127.0.0.1")
        os.replace(cert, site.cert)
        site.tls.read()
        assert ["tls_not_read"] == [line["event"] for line in lines()]
        os.replace(key, site.key)
        site.tls.read()
        assert "tls_read" == lines()[-1]["event"]
        new = await site.connect()
        await new.do_handshake()
        assert "renewed" == names(new)
        await old.send_all(GET)
        assert (await old.receive_some()).startswith(b"HTTP/1.1 200")
        nursery.cancel_scope.cancel()


async def test_files_that_change_are_read(
    site: Site, lines: Lines, autojump_clock: trio.testing.MockClock
) -> None:
    """Without a signal."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.tls.run)
        await trio.sleep(5)
        assert [] == lines()
        site.authority.issue("node", "127.0.0.1")
        await trio.sleep(5)
        nursery.cancel_scope.cancel()
    assert ["tls_read"] == [line["event"] for line in lines()]


async def test_clients_need_a_certificate_of_the_authority(site: Site, tmp_path: Path) -> None:
    """Without one, or with another's, they are not heard."""
    (tmp_path / "other").mkdir()
    ours, theirs = Authority(tmp_path, "clients"), Authority(tmp_path / "other", "clients")
    site.tls = Tls(TlsFiles(site.cert, site.key, ours.file), trio.current_time)
    async with site.serving():
        for authority, let_in in ((ours, True), (theirs, False), (None, False)):
            context = ssl.create_default_context(cafile=site.authority.file)
            if authority is not None:
                context.load_cert_chain(*authority.issue("client"))
            stream = await site.connect(context)
            answer = b""
            try:
                await stream.send_all(GET)
                answer = await stream.receive_some()
            except trio.BrokenResourceError:
                assert not let_in
            assert let_in == answer.startswith(b"HTTP/1.1 200")


def test_wrong_files_are_told_in_one_line(tmp_path: Path) -> None:
    """Each by its name, and with nothing of a key."""
    authority = Authority(tmp_path)
    cert, key = authority.issue("node", "a")
    _, other = authority.issue("other", "a")
    bad = tmp_path / "bad"
    bad.touch(mode=0o600)
    bad.write_text("nonsense")
    missing, public = tmp_path / "none", tmp_path / "public"
    public.write_bytes(key.read_bytes())
    public.chmod(0o644)
    for files, complaint in (
        (
            TlsFiles(missing, key),
            f"cannot use the certificate {missing} with the key {key}: No",
        ),
        (TlsFiles(cert, missing), f"cannot read the TLS key {missing}: No such file"),
        (
            TlsFiles(cert, other),
            f"cannot use the certificate {cert} with the key {other}: key",
        ),
        (TlsFiles(bad, key), f"cannot use the certificate {bad} with the key {key}: "),
        (TlsFiles(cert, bad), f"cannot use the certificate {cert} with the key {bad}: "),
        (TlsFiles(cert, public), f"the TLS key {public} may be read or written by others"),
        (TlsFiles(cert, key, bad), f"cannot use the certificates of clients' authorities {bad}: "),
        (TlsFiles(cert, key, missing), "cannot use the certificates of clients' authorities"),
    ):
        with pytest.raises(TlsFileError) as caught:
            files.read(lambda reason: None)
        assert str(caught.value).startswith(complaint)
        assert 1 == len(str(caught.value).splitlines())


def test_a_unix_socket_speaks_no_tls(site_files: TlsFiles) -> None:
    """What does not leave the machine needs none."""
    one, other = socket.socketpair()
    with one, other:
        assert one is Tls(site_files, lambda: 0.0).wrap(one)


@pytest.fixture
def site_files(tmp_path: Path) -> TlsFiles:
    """Files that can be used."""
    return TlsFiles(*Authority(tmp_path).issue("node", "127.0.0.1"))
