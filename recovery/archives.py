# SPDX-License-Identifier: Apache-2.0
"""Tar archives read piece by piece, whatever compresses them: nothing is ever unpacked to a disk.

They come from a stranger's stick: what they claim is bounded, names that leave the archive are
not shown, links and devices are only named. Imports nothing of ours.
"""

from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

GZIP, BZIP2, XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
HEAD = 6
PIECE = 1 << 16
LONGEST_HEADER = 1 << 20  # long names and pax records, which tarfile reads whole
CUT_OFF = "it is cut off: the end is missing"
HEADERS = (b"x", b"g", b"L", b"K", b"X")  # types of members that describe the next one


class Broken(Exception):
    """The archive cannot be used; the text says why."""


class Limits(NamedTuple):
    """How much an archive may be: bytes when decompressed, and members."""

    unpacked: int
    members: int


class Source:
    """Bytes to be read in order, at most so many: `read(size)` is all that tarfile asks of it."""

    def __init__(self, stream: Any, limit: Optional[int] = None) -> None:
        self._stream = stream
        self._limit = limit
        self._seen = 0
        self._ahead = b""

    def peek(self) -> bytes:
        """Return the first bytes, which will be read again."""
        while len(self._ahead) < HEAD:
            more = self._stream.read(HEAD - len(self._ahead))
            if not more:
                break
            self._ahead += more
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        wanted = PIECE if size < 0 else size
        data, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        if not data:
            data = self._stream.read(wanted)
        self._seen += len(data)
        if self._limit is not None and self._seen > self._limit:
            raise Broken(
                "it unpacks to more than %d MiB, which no backup does" % (self._limit >> 20)
            )
        return bytes(data)


class Content:
    """The bytes of one member; whatever is wrong with them is told as Broken."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        _, failures = _library()
        try:
            return bytes(self._stream.read(size))
        except failures as caught:
            raise Broken(_why(caught)) from caught


class Member(NamedTuple):
    """One member of an archive; its content can be read until the next one is asked for."""

    name: str  # relative, without "./"
    size: int
    content: Optional[Content]  # None: no file, but a directory, a link, a device


def members(stream: Any, limits: Limits) -> Iterator[Member]:
    """Yield the members in order; names that point outside the archive are passed over.

    Raises: Broken, also when the archive ends too early.
    """
    tarfile, failures = _library()
    try:
        source = Source(_decompressed(Source(stream)), limits.unpacked)
        with tarfile.open(mode="r|", fileobj=source, tarinfo=_careful(tarfile)) as tar:
            for number in range(limits.members + 1):
                one = tar.next()
                if one is None:
                    break
                if number == limits.members:
                    raise Broken("it has more than %d members" % limits.members)
                tar.members = []  # tarfile would remember them all
                member = _member(tar, one)
                if member is not None:
                    yield member
        _to_the_end(source)
    except failures as caught:
        raise Broken(_why(caught)) from caught


def _library() -> Tuple[Any, Tuple[Any, ...]]:
    import lzma
    import tarfile
    import zlib

    return tarfile, (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)


def _decompressed(source: Any) -> Any:
    head = source.peek()
    if head.startswith(GZIP):
        import gzip

        return gzip.GzipFile(fileobj=source)
    if head.startswith(BZIP2):
        import bz2

        return bz2.BZ2File(source)
    if head.startswith(XZ):
        import lzma

        return lzma.LZMAFile(source)
    return source


def _careful(tarfile: Any) -> Any:
    """Return a TarInfo that refuses a header which would fill the memory, and a missing end.

    tarfile itself takes an end without the two empty blocks for the end of the archive.
    """

    class Careful(tarfile.TarInfo):  # type: ignore[misc]
        @classmethod
        def frombuf(cls, buf: Any, *rest: Any) -> Any:
            try:
                made = super().frombuf(buf, *rest)
            except (tarfile.EmptyHeaderError, tarfile.TruncatedHeaderError):
                raise Broken(CUT_OFF) from None
            except tarfile.InvalidHeaderError as caught:
                raise Broken(_why(caught)) from caught
            if made.type in HEADERS and made.size > LONGEST_HEADER:
                raise Broken("a name in it is longer than 1 MiB")
            return made

    return Careful


def _member(tar: Any, one: Any) -> Optional[Member]:
    parts = [part for part in one.name.split("/") if part not in ("", ".")]
    if one.name.startswith("/") or ".." in parts or not parts:
        return None
    content = Content(tar.extractfile(one)) if one.isreg() else None
    return Member("/".join(parts), int(one.size), content)


def _to_the_end(source: Source) -> None:
    """Read what follows the last member: only then a compressed archive is known to be whole."""
    while source.read(PIECE):
        pass


def _why(failure: Exception) -> str:
    text = str(failure)
    if isinstance(failure, EOFError) or "unexpected end of data" in text:
        return CUT_OFF
    if "header" in text or "checksum" in text:
        return "it is no tar archive, or is damaged (%s)" % text
    return "it is damaged (%s)" % text


def read(member: Member, limit: int) -> bytes:
    """Return a member's whole content. Raises: Broken for one that is no file or too large."""
    if member.content is None:
        raise Broken("%s in it is a link or a device, no file" % member.name)
    if member.size > limit:
        raise Broken("%s in it has %d bytes, which cannot be right" % (member.name, member.size))
    return member.content.read()


def chosen(stream: Any, limits: Limits, names: Tuple[str, ...], largest: int) -> Dict[str, bytes]:
    """Return the content of the members that are named; of several of one name the last.

    Raises: Broken.
    """
    found: Dict[str, bytes] = {}
    for member in members(stream, limits):
        if member.name in names:
            found[member.name] = read(member, largest)
    return found
