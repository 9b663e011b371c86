"""Reads one member of a zip that a stranger packed. What is in the member does not belong here."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter

from pipelines.errors import BadFile

MOST_RATIO = 200
"""Tables of figures pack to a tenth or a twentieth; what packs more tightly is no table."""
RATIO_COUNTS_FROM_BYTES = 1_000_000
ENCRYPTED = 0x1
PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Others may ask for any amount of memory before they yield a byte."""
MOST_MEMBERS = 1_000
INDEX_ENTRY = b"PK\x01\x02"

BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What the standard library raises, by the place where a damaged zip is damaged."""


def unzip(body: bytes, member: str, most_bytes: int) -> bytes:
    """The bytes of one member. Raises `BadFile` for a zip that is damaged, or packed to trick or to flood its reader."""
    if body.count(INDEX_ENTRY) > MOST_MEMBERS:
        raise BadFile(member, 1, _beginning(body), f"the zip holds more than {MOST_MEMBERS:,} files", "do not unpack it")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            wanted = _chosen(packed, member, most_bytes)
            with packed.open(wanted) as opened:
                content = opened.read(most_bytes + 1)
    except BROKEN as error:
        raise BadFile(member, 1, _beginning(body), f"the zip cannot be read ({error})", "fetch it again") from None
    if len(content) > most_bytes:
        raise _too_large(member, len(content), most_bytes)
    if len(content) != wanted.file_size:
        found = f"{len(content):,} bytes where {wanted.file_size:,} are declared"
        raise BadFile(member, 1, found, "the zip is not what its index says", "fetch it again")
    return content


def _chosen(packed: zipfile.ZipFile, member: str, most_bytes: int) -> zipfile.ZipInfo:
    members = packed.infolist()
    for entry in members:
        if reason := _trick(entry):
            raise BadFile(member, 1, entry.orig_filename, reason, "do not unpack it, and look at the office's page")
    names = Counter(entry.filename for entry in members)
    if twice := [name for name, count in names.items() if count > 1]:
        raise BadFile(member, 1, twice[0], "the zip holds two files of one name", "do not unpack it, and look at the office's page")
    if member not in names:
        raise BadFile(member, 1, ", ".join(names), "the zip does not hold this file", "look whether the office renamed it")
    wanted = packed.getinfo(member)
    if wanted.file_size > most_bytes:
        raise _too_large(member, wanted.file_size, most_bytes)
    if wanted.file_size > max(RATIO_COUNTS_FROM_BYTES, MOST_RATIO * wanted.compress_size):
        found = f"{wanted.compress_size:,} bytes packed, {wanted.file_size:,} unpacked"
        raise BadFile(member, 1, found, f"it is packed more than {MOST_RATIO} times over, as a bomb is", "do not unpack it")
    return wanted


def _trick(entry: zipfile.ZipInfo) -> str | None:
    """Why a member has no place in an honest zip."""
    name = entry.orig_filename
    if re.match(r"[/\\]|[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name) or "\0" in name:
        return "the zip holds a path that leaves its folder"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "the zip holds a link"
    if entry.flag_bits & ENCRYPTED:
        return "the zip is encrypted"
    if entry.compress_type not in PACKINGS:
        return "the zip is packed in another way than offices pack"
    return None


def _too_large(member: str, size: int, most_bytes: int) -> BadFile:
    reason = f"it unpacks to more than the {most_bytes:,} bytes expected"
    return BadFile(member, 1, f"{size:,} bytes", reason, "raise the source's limit if so much is right")


def _beginning(body: bytes) -> str:
    return body[:60].decode("ascii", "backslashreplace")
