"""How figures are written in tables."""


def count(value):
    return f"{value:,.0f}"


def mib(value):
    """Bytes: MiB, and GiB from ten of them on."""
    return f"{value / 2**30:.2f} GiB" if value >= 10 * 2**30 / 8 else f"{value / 2**20:.1f} MiB"


def range_of(values, digits=0):
    """A median with the least and the greatest."""
    if values is None:
        return "–"
    return f"{values[0]:,.{digits}f} ({values[1]:,.{digits}f}–{values[2]:,.{digits}f})"


def of_part(part):
    """What a table rests on."""
    runs = f", {part['runs']} runs in turn" if "runs" in part else ""
    broker = {"kafka": ", Apache Kafka", "sandbox": ", the built-in broker"}.get(part.get("broker"), "")
    form = "" if part["form"] == "whole" else f" **Form {part['form']}: small sizes, not to be quoted.**"
    loads = f"load average {part['load_average_before']:g} before and {part['load_average']:g} behind"
    return f"{part['at']}, commit {part['commit']}{runs}{broker}; {loads}.{form}\n\n"


def table(head, rows, aligned=""):
    """A table of Markdown: the first column to the left, the others to the right."""
    aligned = (aligned + "r" * len(head)) if aligned else "l" + "r" * len(head)
    marks = ["--" if aligned[i] == "l" else "--:" for i in range(len(head))]
    lines = [head, marks, *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)
