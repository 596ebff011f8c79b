"""The cases, in the order of the fault list (RESULTS.md)."""

from cases import kill

ALL = [*kill.CASES]
