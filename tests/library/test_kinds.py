"""Kinds by content and name: every reader is reachable and exists; containers with video are not music."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.library import tags
from slskmesh.library.kinds import BY_SUFFIX, kind_of, suffix_of


@pytest.mark.parametrize(
    ("head", "suffix", "kind"),
    [
        (b"fLaC\0\0\0\x22", "flac", "flac"),
        (b"fLaC\0\0\0\x22", "mp3", "flac"),  # content before name
        (b"ID3\4\0\0\0\0\0\0", "flac", "flac"),
        (b"ID3\4\0\0\0\0\0\0", "jpg", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3", "mp3"),
        (b"\xff\xfb\x90\x64", "", None),
        (b"OggS" + bytes(24) + b"\x01vorbis", "oga", "vorbis"),
        (b"OggS" + bytes(24) + b"OpusHead", "ogg", "opus"),
        (b"OggS" + bytes(24) + b"Speex   ", "ogg", "speex"),
        (b"OggS" + bytes(24) + b"\x7fFLAC", "oga", "oggflac"),
        (b"OggS" + bytes(24) + b"\x80theora", "ogg", None),
        (b"RIFF\0\0\0\0WAVEfmt ", "wav", "wave"),
        (b"RIFF\0\0\0\0AVI LIST", "wav", None),
        (b"FORM\0\0\0\0AIFC", "aif", "aiff"),
        (b"FRM8" + bytes(8) + b"DSD ", "dff", "dsdiff"),
        (b"\0\0\0\x20ftypM4A ", "bin", "mp4"),
        (b"\0\0\0\x20ftypmp42", "m4a", "mp4"),
        (b"\0\0\0\x20ftypmp42", "mp4", None),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "wma", "asf"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "wmv", None),
        (b"\x0b\x77\0\0", "ac3", "ac3"),
        (b"\x0b\x77\0\0", "bin", None),
        (b"anything", "caf", ""),
        (b"\x89PNG\r\n", "png", None),
        (b"", "", None),
    ],
)
def test_kind(head: bytes, suffix: str, kind: str | None) -> None:
    assert kind_of(head, suffix) == kind


def test_every_kind_has_a_reader_that_exists() -> None:
    assert {kind for kind in BY_SUFFIX.values() if kind} | {"oggflac"} == set(tags.READERS)
    for kind in tags.READERS:
        reader, error = tags._reader(kind)
        assert callable(reader)
        assert issubclass(error, Exception)


def test_suffix() -> None:
    assert suffix_of(b"a.b.FLAC") == "flac"
    assert suffix_of(b".flac") == suffix_of(b"flac") == suffix_of(b"a.") == ""
    assert suffix_of(b"x.\xff\xfe") == "\ufffd\ufffd"


@given(st.binary(max_size=128), st.sampled_from(["", "exe", *BY_SUFFIX]))
def test_any_beginning_gives_an_answer(head: bytes, suffix: str) -> None:
    kind = kind_of(head, suffix)
    assert kind is None or kind == "" or kind in tags.READERS
