"""fragment-curve.cfg: "64 smaller packets have already been processed", as a curve and to the packet.

The lag of each large packet follows from when packets left gwa (scripts/fragment_curve.py); the gateway must
have found the same lags, and lost the same number of packets with windows from 64 to 1024.
"""
import collections
import re
import shutil
import sys
import xml.etree.ElementTree

import kit

WINDOWS = (64, 128, 256, 512, 1024)


def documented(scenario):
    """The table in docs/fragment-switching.md, as lines."""
    text = (scenario.root / "docs" / "fragment-switching.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| process_delay, ms"))
    return lines[start:start + lines[start:].index("")]


def check_lags(scenario, curve, folder):
    """Every lag of every variant, and so the loss of every window there could be."""
    arrivals = curve.arrivals_of(folder / "captured" / "wan.pcapng")
    rows = kit.read_json(folder / "all" / "comparison.json")["variants"]
    for row in rows:
        lags = curve.lags_of(arrivals, round(float(row["name"].split()[0]) * 1e6))
        summary = kit.read_json(folder / "all" / re.sub(r"[^a-zA-Z0-9]", "-", row["name"]) / "summary.json")
        scenario.balanced(summary, row["name"])
        histogram = {lag: n for lag, n in kit.inbound(summary)["lag"]["histogram"] if lag}
        scenario.equal(histogram, dict(collections.Counter(lags)), f"{row['name']}: lags")
        replays = kit.replay_losses(kit.class_of(summary, "large"))
        scenario.equal(replays, summary["drops"].get("replay_old", 0), f"{row['name']}: who is lost")


def check_plot(scenario, curve, rows, folder):
    """--plot draws what is in docs; gnuplot is an extra (scripts/setup plot)."""
    if not shutil.which("gnuplot"):
        print("gnuplot is missing: the plot is not checked")
        return
    target = folder / "curve.svg"
    curve.plot(rows, target)
    drawn = xml.etree.ElementTree.parse(target).getroot()
    scenario.equal(drawn.tag, "{http://www.w3.org/2000/svg}svg", "--plot: what it writes")
    words = "".join(drawn.itertext())
    for window in WINDOWS:
        scenario.check(f"W = {window}, computed" in words, f"--plot: no curve of window {window}")


def body(scenario, folder):
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(scenario.root / "scripts"))
    import fragment_curve as curve
    rows = curve.curve(scenario.binary, folder)
    for delay, window, product, mean, large, lost, computed, expected in rows:
        name = f"{delay} ms, window {window}"
        scenario.equal(lost, computed, f"{name}: lost, and computed")
        scenario.check(abs(mean - product) < 0.05 * product, f"{name}: n is {mean}, R * D {product}")
        scenario.check(abs(lost - expected) < 0.15 * large, f"{name}: {lost} lost, by Poisson {expected}")
    for window in WINDOWS:
        lost = [row[5] for row in rows if row[1] == window]
        scenario.check(lost == sorted(lost) and lost[0] < 5 and lost[-1] > 30, f"window {window}: {lost}")
    scenario.equal(list(curve.table(rows)), documented(scenario), "the table in docs/fragment-switching.md")
    check_lags(scenario, curve, folder)
    check_plot(scenario, curve, rows, folder)


kit.main(body)
