"""The section ``[siting]``: by what sites are chosen and how many, what binds the choice, and how hard to look."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from planner.project.section import Section, fault

Objective = Literal["max_coverage", "min_sites", "p_median", "p_center"]

_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]

_ONLY_FOR = {
    "sites": ("max_coverage", "p_median", "p_center"),
    "budget_yuan": ("max_coverage",),
    "share": ("min_sites",),
    "least_cost": ("min_sites",),
    "unserved_min": ("p_median", "p_center"),
    "floors": ("max_coverage", "min_sites"),
    "capacity": ("max_coverage",),
}


class SitingSection(Section):
    """Section ``[siting]``: by what sites are chosen and how many, what binds the choice, and how hard to look.

    `share`, `of` and `least_cost` are for min_sites; `unserved_min` is for p_median and p_center: how far times are taken,
    and what somebody counts whom no open site reaches within. `required` and `forbidden` are ids of candidate sites, over and
    above what their own status says; `within` is a ring of (longitude, latitude) outside which nothing new opens. The
    conditions are those of `planner.siting.Conditions`.
    """

    objective: Objective = "max_coverage"
    sites: int | None = Field(default=None, ge=0)
    budget_yuan: float | None = Field(default=None, ge=0)
    weight: str | None = None
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    within: tuple[tuple[float, float], ...] | None = Field(default=None, min_length=3)
    share: float | None = Field(default=None, ge=0, le=1)
    of: Literal["all", "coverable"] = "all"
    least_cost: bool = False
    unserved_min: float | None = Field(default=None, gt=0, le=1440)
    floors: _Share | dict[str, _Share] | None = None
    spacing_m: float | None = Field(default=None, ge=0)
    min_per_zone: _Count | dict[str, _Count] | None = None
    max_per_zone: _Count | dict[str, _Count] | None = None
    exclusive: str | None = None
    closures: int | None = Field(default=None, ge=0)
    capacity: bool = False
    gap: float = Field(default=0.0, ge=0, lt=1)
    time_limit_s: float = Field(default=60.0, gt=0)
    seed: int = 1

    @model_validator(mode="after")
    def _number_or_money(self) -> "SitingSection":
        if self.sites is not None and self.budget_yuan is not None:
            raise fault("sites_and_budget")
        for key, objectives in _ONLY_FOR.items():
            given = getattr(self, key)
            if given not in (None, False) and self.objective not in objectives:
                raise fault("not_for_objective", name=key, objective=self.objective, objectives=", ".join(objectives))
        return self

    @property
    def sites_wanted(self) -> int | None:
        """How many sites to open: ten where the project says nothing, None where it gives a budget or wants a share."""
        if self.objective == "min_sites":
            return None
        return 10 if self.sites is None and self.budget_yuan is None else self.sites
