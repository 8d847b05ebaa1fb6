"""The demonstration county: an invented place, written from a seed as the ordinary inputs of a project.

Nothing of a real place's people may be made up; so the default project is a county that does not exist, with hills, a river
with few bridges, a county town, market towns, villages along the valleys, and the tables a planner would bring. A larger
`scale` gives several such counties side by side: inputs for benchmarks of any size. Stands beside `planner.batch`, on top of
the house, and knows nothing of how a project is run.

How it is made, in order: `layout` (which counties), `terrain` and `water`, `sites` (towns and villages), `town_streets` and
`blocks`, `roads` and `road_lines`, `lanes`, `mess`, `meet` (one net of shared nodes), `people`, `zones`, `registers`; `county`
calls them all, `area` writes the files.
"""

from planner.demo.write import write_county

__all__ = ["write_county"]
