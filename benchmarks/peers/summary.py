#!/usr/bin/env python3
"""Rows of the scripts compare_*.sh: medians over rounds, and how much faster jmoco is than each side.

    summary.py ROUNDS-FILE BENCHMARK COMMIT COMMAND SAVE-FILE       (an empty SAVE-FILE: only print)
"""
import datetime
import json
import os
import platform
import statistics
import sys

rows, what, problem = {}, {}, {}
for line in open(sys.argv[1]):
    side, text = line.split(" ", 1)
    result = json.loads(text)
    if "rows" in result:  # jmoco's: a head, and one row
        result = {**result, **result["rows"][0]}
    rows.setdefault(side, []).append(result["images_per_s"])
    what[side] = result.get("what") or result["device"]
    problem[side] = result.get("problem", "")
medians = {side: statistics.median(values) for side, values in rows.items()}
cpu = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
head = {
    "benchmark": sys.argv[2],
    "command": sys.argv[4].strip(),
    "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    "commit": sys.argv[3],
    "device": f"{os.cpu_count()} x {cpu}",
    "os": platform.platform(),
}
lines = ["\t".join(["side", "images_per_s_median", "smallest", "largest", "rounds", "jmoco_over_it", "problem", "what"])]
for side, values in rows.items():
    lines.append("\t".join([side, f"{medians[side]:.1f}", f"{min(values):.1f}", f"{max(values):.1f}", str(len(values)),
                            f"{medians['jmoco'] / medians[side]:.2f}", problem[side], what[side]]))
print("\n".join(line.replace("\t", "  ") for line in lines))
if sys.argv[5]:
    with open(sys.argv[5], "w") as out:
        out.write("".join(f"# {k}: {v}\n" for k, v in head.items()) + "\n".join(lines) + "\n")
