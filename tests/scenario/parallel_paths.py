"""parallel-paths.cfg: which packets are lost follows from when they left, and is what the window lost.

A capture at gwa tells when each packet was put on the wire.  They take turns on two lines, whose rates and
delays are in the laboratory; so follow the arrivals, their order, and all lags.
"""
import collections
import struct

import kit

LAB = "parallel-paths.cfg"
NS_PER_BYTE = 400  # 20 Mb/s
DELAYS = (10_000_000, 35_000_000)  # near, far


def arrivals(path):
    """[(arrival, number, line)], in order of arrival."""
    free, found = [0, 0], []
    for packet in kit.read_pcapng(path):
        line = len(found) % 2
        free[line] = max(free[line], packet.time_ns) + len(packet.data) * NS_PER_BYTE
        number = struct.unpack_from("!I", packet.data, 24)[0]
        found.append((free[line] + DELAYS[line], number, line))
    return sorted(found, key=lambda item: (item[0], item[2]))


def check_exact(scenario, folder):
    """The calculation, packet by packet."""
    summary = scenario.run(scenario.labs / LAB, folder / "captured", "links.wan.capture=true")
    order = arrivals(folder / "captured" / "wan.pcapng")
    edge, lags, lines = 0, collections.Counter(), collections.Counter()
    for _, number, line in order:
        edge = max(edge, number)
        if edge > number:
            lags[edge - number] += 1
        lines[line] += edge - number >= 64
    histogram = {lag: count for lag, count in kit.inbound(summary)["lag"]["histogram"] if lag}
    scenario.equal(histogram, dict(lags), "lags, as computed and as measured")
    scenario.equal(lines, {0: 0, 1: kit.inbound(summary)["replays"]}, "lost by line")
    scenario.equal(max(lags) + 1, kit.inbound(summary)["lag"]["window_for"]["1"], "window needed")


def check_cures(scenario, rows, summaries):
    base = rows["per packet"]
    scenario.check(0.03 < base["replay_ratio"] < 0.08, f"per packet: {base['replay_ratio']}")
    scenario.check(0 < rows["window 128"]["replay_drops"] < 0.05 * base["replay_drops"], "window 128")
    for name in ("window 256", "window 1024", "per flow", "SA per class, per flow", "both far",
                 "authentication off"):
        scenario.equal(rows[name]["replay_drops"], 0, f"{name}: replay drops")
        scenario.equal(rows[name]["delivered"], rows[name]["sent"], f"{name}: delivered")
    lost = {row["class"]: row["lost"] for row in rows["SA per class"]["classes"]}
    scenario.equal(lost["voice"], 0, "SA per class: voice lost")
    scenario.check(0 < lost["data"] < base["replay_drops"], f"SA per class: {lost}")
    for name, lines in (("per flow", {"far"}), ("SA per class, per flow", {"near", "far"})):
        used = {wire["path"] for wire in summaries[name]["wires"] if wire["link"] == "wan" and wire["put"]}
        scenario.equal(used, lines, f"{name}: lines in use")


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    check_cures(scenario, rows, summaries)
    check_exact(scenario, folder)


kit.main(body)
