"""The cases, in the order of the fault list (RESULTS.md)."""

from cases import failpoint, kill

ALL = [*kill.CASES, *failpoint.CASES]
