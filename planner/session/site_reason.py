"""Why a site is in the plan, or what another would bring: its zones' people whom it alone serves."""

import numpy as np
import pandas as pd

from planner.session.proposal import Proposal


def zones_served_alone(proposal: Proposal, facility: int) -> pd.Series:
    """Return by zone, most first, the people of the main group within a facility's walk whom nothing else open serves."""
    group = proposal.inputs.project.main_group
    open_after = proposal.plan.open_after
    others = proposal.access.count_open(group, open_after[open_after != facility])
    alone = (others == 0) & (proposal.access.count_open(group, np.array([facility])) > 0)
    zones = proposal.inputs.demand_zones["zone"].to_numpy()[alone]
    people = pd.Series(proposal.question.weights[alone]).groupby(zones).sum()
    return people[people >= 0.5].sort_values(ascending=False)
