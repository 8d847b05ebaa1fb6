"""What a reader has set for a plan: how many or how much, for whom, which sites must open or stay shut; and as part of a link."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from planner.project import Project

Mode = Literal["sites", "budget", "list", "project"]
"""By number, by money, a given list, or by the objective that the project file names."""

MODES: tuple[Mode, ...] = ("sites", "budget", "list", "project")

_MOST_IDS, _LONGEST_ID, _MOST_CORNERS = 2_000, 200, 2_000

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class PlanSettings:
    """Settings of one variant. `required`, `forbidden` and `listed` are ids of facilities, `within` a ring of (lon, lat)."""

    mode: Mode = "sites"
    sites: int = 10
    budget_yuan: float = 0.0
    group: str = ""
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    within: Ring | None = None

    @classmethod
    def of(cls, project: Project) -> "PlanSettings":
        """Return what the project file itself asks for."""
        siting = project.settings.siting
        mode: Mode = "project" if siting.objective != "max_coverage" else "sites"
        return cls(
            mode="budget" if siting.budget_yuan is not None else mode,
            sites=siting.sites_wanted or 10,
            budget_yuan=siting.budget_yuan or 0.0,
            group=project.main_group,
            required=siting.required,
            forbidden=siting.forbidden,
            within=siting.within,
        )

    @property
    def siting(self) -> dict[str, Any]:
        """The words of ``[siting]`` that say the same (a list is scored, not said)."""
        said: dict[str, Any] = {
            "weight": self.group,
            "required": self.required,
            "forbidden": self.forbidden,
            "within": self.within,
        }
        if self.mode == "project":
            return said
        by_money = self.mode == "budget"
        limits = {"sites": None if by_money else self.sites, "budget_yuan": self.budget_yuan if by_money else None}
        own = dict.fromkeys(("share", "of", "least_cost", "unserved_min"))
        return said | limits | own | {"objective": "max_coverage"}

    @property
    def question(self) -> "PlanSettings":
        """The same without number, amount and list: what one curve answers for all of them."""
        return replace(self, sites=0, budget_yuan=0.0, listed=(), mode="budget" if self.mode == "budget" else "sites")

    def with_site(self, id: str, wish: str) -> "PlanSettings":
        """Return the settings with a site locked, forbidden, or freed of either."""
        required = tuple(one for one in self.required if one != id)
        forbidden = tuple(one for one in self.forbidden if one != id)
        if wish == "lock":
            required += (id,)
        elif wish == "forbid":
            forbidden += (id,)
        return replace(self, required=required, forbidden=forbidden)

    def to_link(self) -> dict[str, str | list[str]]:
        """Return the settings as parts of a link."""
        link: dict[str, str | list[str]] = {"by": self.mode, "group": self.group}
        if self.mode == "sites":
            link["sites"] = str(self.sites)
        if self.mode == "budget":
            link["budget"] = f"{self.budget_yuan:.0f}"
        link |= {name: list(ids) for name, ids in (("open", self.required), ("shut", self.forbidden)) if ids}
        if self.mode == "list":
            link["list"] = list(self.listed)
        if self.within is not None:
            link["within"] = " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in self.within)
        return link

    @classmethod
    def from_link(cls, link: Mapping[str, list[str]], base: "PlanSettings", groups: tuple[str, ...]) -> "PlanSettings":
        """Return the settings that a link names, those of `base` where it says nothing or what cannot be."""
        given: dict[str, Any] = {}
        one = {name: values[-1] for name, values in link.items() if values}
        if one.get("by") in MODES:
            given["mode"] = one["by"]
        if one.get("group") in groups:
            given["group"] = one["group"]
        if (sites := _number(one.get("sites"), 100_000)) is not None:
            given["sites"] = int(sites)
        if (budget := _number(one.get("budget"), 1e13)) is not None:
            given["budget_yuan"] = budget
        if "by" in one:  # then the link says all of it, and what it does not name is not wished for
            named = {"required": link.get("open"), "forbidden": link.get("shut"), "listed": link.get("list")}
            given |= {name: _ids(values or []) for name, values in named.items()}
            given["within"] = _ring(one.get("within"))
        return replace(base, **given)


LINK_KEYS = ("by", "group", "sites", "budget", "open", "shut", "list", "within")
"""The parts of a link that say settings."""


def _ids(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values[:_MOST_IDS] if 0 < len(value) <= _LONGEST_ID))


def _number(text: str | None, most: float) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value <= most else None


def _ring(text: str | None) -> Ring | None:
    try:
        corners = [tuple(float(part) for part in corner.split(",")) for corner in (text or "").split()]
    except ValueError:
        return None
    good = all(len(corner) == 2 and abs(corner[0]) <= 180 and abs(corner[1]) <= 90 for corner in corners)
    return tuple((lon, lat) for lon, lat in corners) if good and 3 <= len(corners) <= _MOST_CORNERS else None
