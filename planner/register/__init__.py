"""The register of centres and candidate buildings, as townships deliver it: every row placed, corrected, judged, none dropped.

`reading` goes through the files and, in this order, `corrections`, `placing`, `duplicates` and `eligibility`; `datum_check`
compares positions with the streets; `survey` writes the blank workbooks that the next delivery is filled into.
"""

from planner.register import corrections
from planner.register.corrections import read_corrections
from planner.register.eligibility import FIELDS, Eligibility, reasons, standard_rules
from planner.register.exclusions import PLACELESS, exclude, nothing_excluded
from planner.register.reading import Register, RegisterFile, read_register
from planner.register.survey import new_register
from planner.register.villages import Gazetteer, read_villages, townships

__all__ = [
    "FIELDS",
    "PLACELESS",
    "Eligibility",
    "Gazetteer",
    "Register",
    "RegisterFile",
    "corrections",
    "exclude",
    "new_register",
    "nothing_excluded",
    "read_corrections",
    "read_register",
    "read_villages",
    "reasons",
    "standard_rules",
    "townships",
]
