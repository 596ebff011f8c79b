"""The cases, in the order of the fault list (RESULTS.md)."""

from cases import broker, failpoint, input as inputs, kill, members, retention, snapshot, soak

ALL = [*kill.CASES, *failpoint.CASES, *members.CASES, *broker.CASES, *inputs.CASES, *retention.CASES, *snapshot.CASES,
       *soak.CASES]
