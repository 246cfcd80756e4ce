"""What a study compares with the target alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, final

from auxseg.study.design.config import SAME_COMPUTE

BASELINE: Final = "target only"
OWN_SHARE: Final = "data.label_fraction"
BALANCER: Final = "balancer"
"""The settings that weigh tasks against each other."""
FORK: Final = "training.fork_merge"
"""Those of branches that are merged."""
_NO_WORD: Final = re.compile(r"[^a-z0-9.]+")


@final
@dataclass(frozen=True, eq=False)
class Arm:
    """A set of auxiliaries beside the target, whatever their order; none for the baseline.

    ``is_longer`` is the control same-compute: the target alone as well, trained longer. ``settings`` are changes to the
    base that this arm alone has, ``key=value``, and ``label`` what it is called if not by its auxiliaries and settings.
    """

    auxiliaries: tuple[str, ...] = ()
    is_longer: bool = False
    settings: tuple[str, ...] = ()
    label: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Arm) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[frozenset[str], bool, frozenset[str]]:
        return frozenset(self.auxiliaries), self.is_longer, frozenset(self.settings)

    @property
    def name(self) -> str:
        """What people read."""
        if self.is_longer:
            return SAME_COMPUTE
        return self.label or " + ".join([*self.auxiliaries, *self.settings]) or BASELINE

    @property
    def words(self) -> str:
        """What its runs' directories begin with."""
        if self.settings:
            return _NO_WORD.sub("-", self.name.lower()).strip("-") or "arm"
        return "-".join(sorted(self.auxiliaries)) or (SAME_COMPUTE if self.is_longer else "target-only")


def balanced(auxiliaries: tuple[str, ...], kind: str) -> Arm:
    """The arm of these auxiliaries with another kind of balancer."""
    return Arm(auxiliaries, settings=(f"{BALANCER}.kind={kind}",), label=f"{' + '.join(auxiliaries)}, {kind}")


def is_balanced(arm: Arm) -> bool:
    """Whether an arm has auxiliaries, and no settings of its own but those of a balancer."""
    return bool(arm.auxiliaries) and all(is_within(setting, BALANCER) for setting in arm.settings)


def is_within(setting: str, *keys: str) -> bool:
    """Whether a ``key=value`` sets one of these keys, or something within it."""
    return f"{setting.partition('=')[0]}.".startswith(tuple(f"{key}." for key in keys))


def own_share(arm: Arm) -> float | None:
    """The share of the masks that an arm has by its own settings."""
    given = [setting.partition("=")[2] for setting in arm.settings if setting.partition("=")[0] == OWN_SHARE]
    return float(given[-1]) if given else None  # the recipe that it is part of was read before
