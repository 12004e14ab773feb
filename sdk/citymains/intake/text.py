"""Bytes to text: which encoding a file is in, and whether it is text at all.

Engineers' files come as UTF-8, with or without a byte order mark, as UTF-16 from
spreadsheets, and above all in the code page of a Chinese Windows (GBK, read here as its
superset GB18030). What is none of these is read as Windows-1252 with a warning: it can only
be a comment or an id in a Western script, and numbers are the same in all of them.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import citymains.intake.messages  # noqa: F401
from citymains.errors import Issue, issue
from citymains.intake.source import SourceFile

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_DOS_END = re.compile(r"\x1a[\x1a\s]*\Z")
_GB_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A file's text with ``\\n`` line ends, and what was found on the way."""

    text: str
    encoding: str
    issues: tuple[Issue, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether there is a text to go on with."""
        return not any(one.severity == "error" for one in self.issues)


def decode(file: SourceFile) -> DecodedText:
    """The text of a file.

    Returns
    -------
    DecodedText
        With FILE_EMPTY or FILE_BINARY as an error, FILE_ENCODING as a repair where the
        encoding is known and is not plain UTF-8, as a warning where it is a guess.
    """
    if not file.content.strip(b"\x00 \t\r\n\x1a"):
        found = issue("FILE_EMPTY", file=file.name)
        return DecodedText("", "", (found,))
    text, encoding, issues = _decoded(file)
    # Ctrl-Z closed text files under DOS, and some of those models are still in use.
    text = _DOS_END.sub("", text)
    control = _CONTROL.search(text)
    if control is not None:
        offset = len(text[: control.start()].encode(encoding, "replace"))
        found = issue(
            "FILE_BINARY",
            file=file.name,
            value=f"0x{ord(control[0]):02X}",
            limit=offset,
            line=text.count("\n", 0, control.start()) + 1,
        )
        return DecodedText("", encoding, (*issues, found))
    return DecodedText(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"), encoding, issues)


def _decoded(file: SourceFile) -> tuple[str, str, tuple[Issue, ...]]:
    content = file.content
    for mark, encoding, title in _MARKS:
        if content.startswith(mark):
            # A UTF-16 file cut inside a character, or bytes that only look like a mark.
            text = content[len(mark) :].decode(encoding, "replace")
            return text, encoding, (_told(file, title, "warning" if "\ufffd" in text else "repair"),)
    try:
        return content.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError as error:
        # Cut inside its last character, a UTF-8 file still is one; the reader judges the cut.
        if error.start >= len(content) - 3 and error.start > 0 and not content[: error.start].isascii():
            return content[: error.start].decode("utf-8"), "utf-8", (_told(file, "UTF-8", "warning"),)
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if text and _looks_chinese(text):
        return text, "gb18030", (_told(file, "GB18030", "repair"),)
    return content.decode("cp1252", "replace"), "cp1252", (_told(file, "Windows-1252", "warning"),)


def _looks_chinese(text: str) -> bool:
    """Whether what GB18030 made of the bytes is everyday Chinese.

    Accented Western letters followed by an ASCII letter decode too, but to rare characters
    outside the GB 2312 set.
    """
    foreign = [character for character in text if ord(character) > 0x7F]
    common = 0
    for character in foreign:
        try:
            character.encode("gb2312")
            common += 1
        except UnicodeEncodeError:
            pass
    return common >= _GB_SHARE * len(foreign)


def _told(file: SourceFile, title: str, severity: str) -> Issue:
    return issue("FILE_ENCODING", severity=severity, file=file.name, value=title)
