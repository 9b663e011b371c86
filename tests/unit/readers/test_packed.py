"""A zip is read only where it is what it says."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable

import pytest

from pipelines.errors import BadFile
from pipelines.readers.zipped import unzip

RATES = b"Date,USD,JPY\n2026-10-30,1.1612,178.9\n"
MOST = 3_000_000


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", compression) as written:
        warnings.simplefilter("ignore")  # of two members with one name
        for name, content in members:
            written.writestr(name, content, compression)
    return target.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def with_flag(body: bytes, flag: int) -> bytes:
    changed = bytearray(body)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[body.index(signature) + offset] |= flag
    return bytes(changed)


def declaring(body: bytes, size: int) -> bytes:
    """The same zip, whose index says that its member has this size."""
    changed = bytearray(body)
    struct.pack_into("<I", changed, body.index(b"PK\x01\x02") + 24, size)
    return bytes(changed)


def damaged(body: bytes) -> bytes:
    at = body.index(RATES[:8])
    return body[:at] + b"X" + body[at + 1 :]


STORED = packed(("rates.csv", RATES), compression=zipfile.ZIP_STORED)

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a page of HTML instead of a zip": (lambda: b"<html>The service is closed</html>", "cannot be read"),
    "nothing": (lambda: b"", "cannot be read"),
    "an absolute path": (lambda: packed(("rates.csv", RATES), ("/etc/cron.d/rates", b"")), "leaves its folder"),
    "a path upwards": (lambda: packed(("rates.csv", RATES), ("a/../../rates", b"")), "leaves its folder"),
    "a path upwards with the other slash": (lambda: packed(("rates.csv", RATES), ("a\\..\\..\\rates", b"")), "leaves its folder"),
    "a path on a drive": (lambda: packed(("rates.csv", RATES), ("C:rates", b"")), "leaves its folder"),
    "a link": (lambda: packed((link("rates.csv"), b"/etc/passwd")), "holds a link"),
    "a password": (lambda: with_flag(STORED, 0x1), "encrypted"),
    "one name twice": (lambda: packed(("rates.csv", RATES), ("rates.csv", b"other")), "two files of one name"),
    "another name": (lambda: packed(("rates-2.csv", RATES)), "does not hold this file"),
    "more than expected": (lambda: packed(("rates.csv", b"0123456789" * 300_001)), "more than the 3,000,000 bytes"),
    "a bomb": (lambda: packed(("rates.csv", bytes(2_900_000))), "packed more than 200 times over"),
    "another packing": (lambda: packed(("rates.csv", RATES), compression=zipfile.ZIP_LZMA), "in another way"),
    "files without end": (lambda: packed(*((f"{number}.csv", b"") for number in range(1_001))), "more than 1,000 files"),
    "more than it declares": (lambda: declaring(packed(("rates.csv", bytes(2_900_000))), 10), "cannot be read"),
    "less than it declares": (lambda: declaring(STORED, len(RATES) + 30), "not what its index says"),
    "a wrong checksum": (lambda: damaged(STORED), "cannot be read"),
}


def test_a_member_of_an_honest_zip_is_read_whole():
    assert unzip(packed(("readme.txt", b"x"), ("rates.csv", RATES)), "rates.csv", MOST) == RATES
    assert unzip(STORED, "rates.csv", len(RATES)) == RATES


def test_a_small_file_may_pack_well():
    assert unzip(packed(("rates.csv", bytes(900_000))), "rates.csv", MOST) == bytes(900_000)


@pytest.mark.parametrize("case", REFUSED)
def test_a_zip_that_is_not_what_it_says_is_refused_with_a_reason(case: str):
    body, reason = REFUSED[case]
    with pytest.raises(BadFile) as refused:
        unzip(body(), "rates.csv", MOST)
    assert reason in refused.value.reason
    assert (refused.value.member, refused.value.line) == ("rates.csv", 1)
    assert refused.value.remedy
    assert refused.value.__cause__ is None


def test_a_zip_cut_anywhere_is_refused():
    body = packed(("rates.csv", RATES * 5))
    for end in range(len(body)):
        with pytest.raises(BadFile):
            unzip(body[:end], "rates.csv", MOST)


def test_a_zip_with_any_byte_changed_gives_the_right_bytes_or_is_refused():
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        body = packed(("rates.csv", RATES * 5), compression=compression)
        for at in range(len(body)):
            for change in (0x01, 0x80, 0xFF):
                changed = bytearray(body)
                changed[at] ^= change
                try:
                    assert unzip(bytes(changed), "rates.csv", MOST) == RATES * 5
                except BadFile:
                    continue
