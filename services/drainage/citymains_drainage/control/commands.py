"""Plans as the control loop follows them: who decides what, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Commands:
    """Codes by block and actuator over a base policy.

    A code >= 0 is a command: running pumps of a group, or the opening of a gate. A code -k is the
    k-th of `policies`, from 1. NaN leaves the actuator to the base policy, as does the time before the
    first and after the last block.

    Attributes
    ----------
    base : str
        Name of the policy that decides what is not commanded.
    starts_s : ndarray, shape (blocks,)
        Ascending starts of the blocks [s].
    end_s : float
        End of the last block [s].
    codes : ndarray, shape (blocks, actuators)
    policies : tuple of str
        What the negative codes stand for.
    """

    base: str
    starts_s: Floats
    end_s: float
    codes: Floats
    policies: tuple[str, ...] = ()

    @classmethod
    def follow(cls, policy: str, actuators: int) -> Commands:
        """Nothing but a policy."""
        return cls(policy, np.zeros(0), -math.inf, np.zeros((0, actuators)))

    def row(self, time_s: float) -> Floats | None:
        """The block's codes at a time; None: the base policy decides all."""
        if time_s >= self.end_s - 1e-6:
            return None
        block = int(np.searchsorted(self.starts_s, time_s + 1e-6, side="right")) - 1
        return None if block < 0 else self.codes[block]

    def with_code(self, block: int, actuator: int, code: float) -> Commands:
        """The same with one code changed."""
        codes = self.codes.copy()
        codes[block, actuator] = code
        return Commands(self.base, self.starts_s, self.end_s, codes, self.policies)

    def reblocked(self, starts_s: Sequence[float], end_s: float) -> Commands:
        """The same on other blocks, each with the codes in force at its start."""
        rows = [self.row(one) for one in starts_s]
        width = self.codes.shape[1]
        codes = np.array([np.full(width, np.nan) if row is None else row for row in rows])
        return Commands(
            self.base,
            np.asarray(starts_s, dtype=np.float64),
            end_s,
            codes.reshape(len(rows), width),
            self.policies,
        )

    def then(self, other: Commands) -> Commands:
        """This until its end, and another plan from there on."""
        if not len(self.starts_s):
            return other
        names = tuple(dict.fromkeys((*other.policies, self.base, *self.policies)))
        later = other.starts_s > self.end_s + 1e-6
        now = other.row(self.end_s)
        rows = [
            _renamed(row, self.policies, names, None if self.base == other.base else self.base)
            for row in self.codes
        ]
        rows.append(
            _renamed(np.full(self.codes.shape[1], np.nan) if now is None else now, other.policies, names)
        )
        rows += [_renamed(row, other.policies, names) for row in other.codes[later]]
        return Commands(
            other.base,
            np.concatenate([self.starts_s, [self.end_s], other.starts_s[later]]),
            max(self.end_s, other.end_s),
            np.array(rows),
            names,
        )

    def key(self) -> tuple[Any, ...]:
        """What makes two plans the same plan."""
        codes = np.where(np.isnan(self.codes), -1e9, self.codes)
        return (self.base, self.starts_s.tobytes(), self.end_s, codes.tobytes(), self.policies)

    def tree(self) -> dict[str, Any]:
        """For the engine's process."""
        return {
            "base": self.base,
            "starts_s": self.starts_s,
            "end_s": self.end_s,
            "codes": self.codes,
            "policies": list(self.policies),
        }


def _renamed(row: Floats, policies: Sequence[str], names: Sequence[str], blank: str | None = None) -> Floats:
    """Codes with their policies numbered as in `names`; `blank` is the policy that NaN stands for."""
    codes = [-1.0 - names.index(policies[int(-code) - 1]) if code < 0 else code for code in row.tolist()]
    if blank is not None:
        codes = [-1.0 - names.index(blank) if math.isnan(code) else code for code in codes]
    return np.array(codes, dtype=np.float64)


def commands_of(tree: Mapping[str, Any]) -> Commands:
    """A plan that came into the engine's process."""
    return Commands(
        str(tree["base"]),
        np.asarray(tree["starts_s"], dtype=np.float64),
        float(tree["end_s"]),
        np.asarray(tree["codes"], dtype=np.float64),
        tuple(str(one) for one in tree["policies"]),
    )


def policies_of(plans: Iterable[Commands]) -> tuple[str, ...]:
    """Every policy that plans name."""
    return tuple(dict.fromkeys(name for plan in plans for name in (plan.base, *plan.policies)))
