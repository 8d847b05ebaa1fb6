"""The project file ``project.toml``: what it may say, checked whole, and the files that a project consists of.

A module a section (`area`, `streets`, `walking`, `people`, `facilities`, `siting`), `schema` for all of them together, `file` for
the file, `files` for the one list of what belongs to a project.
"""

from planner.project.facilities import FacilitySection
from planner.project.file import FILE_NAME, Project, checked, load
from planner.project.walking import Rule

__all__ = ["FILE_NAME", "FacilitySection", "Project", "Rule", "checked", "load"]
