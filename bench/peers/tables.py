# SPDX-License-Identifier: Apache-2.0
"""The tables that peers.py prints. A group is the measurements of one program, ours first."""


def si(value):
    for unit in ("", "k", "M"):
        if value < 9999.5:
            return f"{value:.3g}{unit}" if value < 999.5 else f"{value:.0f}{unit}"
        value /= 1000
    return f"{value:.3g}G"


def seconds_text(value):
    return f"{value:.4f}" if value < 1 else f"{value:.2f}"


def layout(title, columns, rows):
    """Columns as wide as their widest cell; the first two are left-aligned."""
    cells = [columns, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = ["", title, ""]
    for row in cells:
        parts = [text.ljust(width) if i < 2 else text.rjust(width)
                 for i, (text, width) in enumerate(zip(row, widths))]
        lines.append("  " + "  ".join(parts).rstrip())
    return lines


def heading(about):
    versions = [f"{name} {version}" for name, version in about["versions"].items()]
    lines = [", ".join(versions),
             f"{about['cpus']} CPUs, load {about['load_before']:.1f} before and "
             f"{about['load_after']:.1f} after; medians of runs in turns; "
             f"ratio above 1: mmcheck is faster"]
    return lines + [f"left out: {name}: {why}" for name, why in about["missing"].items()]


def how_many_times(theirs, ours):
    """Of two times or of two rates, such that more is better for us."""
    return f"{theirs / ours:.3g}x" if theirs and ours else "-"


def first_cells(group, measurement):
    return [measurement.task.title() if measurement is group[0] else "", measurement.tool]


def unusable(measurement, nr_cells):
    text = "not finished" if measurement.timed_out else "FAILED"
    return [text] + [""] * (nr_cells - 1)


def mb(measurement):
    return f"{measurement.rss_kb() / 1024:.0f}"


def marked(measurement):
    """A count that is not the one expected shouts."""
    return f"{measurement.answer.executions}" + (" WRONG" if measurement.problem else "")


def rates(groups, search_seconds):
    columns = ["program", "tool", "executions", "cut short", "user s", "exec/s", "ratio", "MB"]
    rows = []
    for group in groups:
        rate = {}
        for m in group:
            cells = first_cells(group, m)
            if not m.usable():
                rows.append(cells + unusable(m, 6))
                continue
            seconds = search_seconds(m)
            rate[m.tool] = m.answer.executions / seconds if seconds else 0
            ours = rate.get("mmcheck")
            ratio = "" if m.tool == "mmcheck" else how_many_times(ours, rate[m.tool])
            rows.append(cells + [marked(m), str(m.answer.blocked), seconds_text(seconds),
                                 si(rate[m.tool]) if seconds else "-", ratio, mb(m)])
    return layout("Executions per second of user CPU time (without the start of the process)",
                  columns, rows)


def walls(title, groups):
    columns = ["program", "tool", "executions", "cut short", "wall s", "ratio", "MB"]
    rows, prepared = [], []
    for group in groups:
        wall = {}
        for m in group:
            cells = first_cells(group, m)
            if not m.usable():
                rows.append(cells + unusable(m, 5))
                continue
            wall[m.tool] = m.median("wall")
            ours = wall.get("mmcheck")
            ratio = "" if m.tool == "mmcheck" else how_many_times(wall[m.tool], ours)
            rows.append(cells + [marked(m), str(m.answer.blocked), seconds_text(wall[m.tool]),
                                 ratio, mb(m)])
            if m.prepare:
                prepared.append((m.tool, m.prepare))
    lines = layout(f"{title} (wall, with the start of the process)", columns, rows)
    for tool in dict(prepared):
        longest = max(seconds for name, seconds in prepared if name == tool)
        lines.append(f"  ({tool}: without clang, which took {longest:.2f} s)")
    return lines


def states(groups, search_seconds):
    columns = ["program", "tool", "executions or states", "user s", "ratio", "MB"]
    rows = []
    for group in groups:
        user = {}
        for m in group:
            cells = first_cells(group, m)
            if not m.usable():
                rows.append(cells + unusable(m, 4))
                continue
            user[m.tool] = search_seconds(m)
            ours = user.get("mmcheck")
            ratio = "" if m.tool == "mmcheck" else how_many_times(user[m.tool], ours)
            count = f"{marked(m)} {'states' if m.tool == 'spin' else 'executions'}"
            rows.append(cells + [count, seconds_text(user[m.tool]), ratio, mb(m)])
    title = "Against a search that stores states (user CPU time, without SPIN's compilations)"
    return layout(title, columns, rows)
