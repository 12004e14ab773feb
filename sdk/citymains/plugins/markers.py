"""The two pluggy markers: `hookimpl` for plugins, `hookspec` for the frame."""

from __future__ import annotations

from typing import Final

import pluggy

#: Name of the pluggy project, and of the entry point group plugins register in.
PROJECT: Final = "citymains"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
