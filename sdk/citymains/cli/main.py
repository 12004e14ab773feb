"""`citymains`: parse, run, and turn every error into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from citymains.cli.app import build_app
from citymains.cli.faults import INTERRUPTED, report_fault
from citymains.cli.language import said, take_language
from citymains.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The default is ``sys.argv[1:]``.

    Returns
    -------
    int
        0 done, 1 not within limits (with ``--check``), 2 bad input, 3 solver failure, 4 not
        found or not built yet, 5 internal, 130 interrupted.
    """
    given = take_language(sys.argv[1:] if arguments is None else arguments)
    # A job without one of them (`>&-`) has nobody to tell; what it writes to files it still writes.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Chinese must not fail on a terminal or a pipe of another encoding.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        build_app(given)(args=given, prog_name="citymains", standalone_mode=True)
    except SystemExit as leaving:
        return _left(leaving)
    except KeyboardInterrupt:
        return _left(SystemExit(INTERRUPTED))
    except OSError as error:
        return _unwritten(error)
    except Exception as error:
        return report_fault(error)
    return 0


def _unwritten(error: OSError) -> int:
    """Output that nobody takes: a full disk, or a reader (`| head`) that has what it wanted."""
    if isinstance(error, BrokenPipeError):
        return 0
    return report_fault(
        InputError("FILE_NOT_WRITTEN", file="stdout", value=error.strerror or type(error).__name__)
    )


def _left(leaving: SystemExit) -> int:
    if isinstance(leaving.__context__, BrokenPipeError):
        return 0
    code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    if code == INTERRUPTED:
        print(said("已中断", "interrupted"), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
