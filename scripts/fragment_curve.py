#!/usr/bin/python3
"""Replay loss against the number of small packets that pass a large one while it is reassembled.

scripts/fragment_curve.py [--esplab PROGRAM] [--plot FILE.svg | --data FILE]

Runs config/lab/fragment-curve.cfg with all its variants, computes the same from when packets left gwa, and
prints both as the table of docs/fragment-switching.md.  --plot draws it with gnuplot; --data writes what is
plotted.  Exit status: 0; 1 where the two differ; 2 where something is missing.

The calculation knows no gateway.  A packet of gwa's line arrives when its last bit has, and is seen at the
next poll of gwb.  A whole one is checked there and then.  A fragment waits for the process, which takes one
after another; with its last fragment a packet is whole, and is checked process_delay later.  Its lag is the
greatest number that was checked before, less its own; it is lost to a window of W where that is W or more.
"""
import argparse
import json
import math
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAB = ROOT / "config" / "lab" / "fragment-curve.cfg"
# As the laboratory has them.
NS_PER_BYTE, LINE_NS = 80, 1_000_000  # 100 Mb/s, 1 ms
POLL_NS, SERVICE_NS = 10_000, 500_000  # gwb's poll_interval; process_rate = 2000
SMALL_PPS, FRAGMENTS = 10_000, 2
ESP_SEQUENCE, IP_FRAGMENT = 24, 6
MORE, OFFSET = 0x2000, 0x1FFF


def packets_of(capture):
    """(time_ns, bytes) of what left by the first interface of a little-endian pcapng file."""
    data, at = capture.read_bytes(), 0
    while at < len(data):
        kind, total = struct.unpack_from("<II", data, at)
        if kind == 6:
            interface, high, low, length = struct.unpack_from("<IIII", data, at + 8)
            if interface == 0:
                yield high << 32 | low, data[at + 28:at + 28 + length]
        at += total


def arrivals_of(capture):
    """[(poll at which it is seen, sequence number or None for what is no first fragment, is fragment)]"""
    free, found = 0, []
    for time, packet in packets_of(capture):
        free = max(free, time) + len(packet) * NS_PER_BYTE
        fragment = struct.unpack_from("!H", packet, IP_FRAGMENT)[0]
        first = not fragment & OFFSET
        number = struct.unpack_from("!I", packet, ESP_SEQUENCE)[0] if first else None
        found.append((-(-(free + LINE_NS) // POLL_NS) * POLL_NS, number, bool(fragment & (MORE | OFFSET))))
    return found


def lags_of(arrivals, delay_ns):
    """Lag of each large packet: small ones that passed it."""
    edge, free, waiting, lags = 0, 0, [], []
    number_cut = None
    for seen, number, fragment in arrivals:
        while waiting and waiting[0][0] <= seen:  # the process comes first where both are due
            lags.append(edge - waiting.pop(0)[1])
        if fragment:
            free = max(free, seen) + SERVICE_NS
            if number is not None:
                number_cut = number
            else:
                waiting.append((free + delay_ns, number_cut))
        elif number > 1:  # the first packet of all goes by the process, long before the others
            edge = max(edge, number)
    return lags + [edge - number for _, number in waiting]


def poisson_tail(mean, least):
    """P(X >= least); in logarithms, as mean may be large."""
    return 1 - sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(least))


def run(esplab, folder, *args):
    command = [str(esplab), "run", str(LAB), "--quiet", "--out", str(folder), *args]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout)


def curve(esplab, folder):
    """Rows: delay in ms, window, R * D, mean n, large packets, lost, computed loss, Poisson's loss."""
    run(esplab, folder / "captured", "--set", "links.wan.capture=true")
    arrivals = arrivals_of(folder / "captured" / "wan.pcapng")
    run(esplab, folder / "all", "--variants")
    with open(folder / "all" / "comparison.json", encoding="utf-8") as file:
        variants = json.load(file)["variants"]
    rows = []
    for variant in variants:
        delay, window = re.fullmatch(r"([\d.]+) ms, window (\d+)", variant["name"]).groups()
        delay_ns, window = round(float(delay) * 1e6), int(window)
        lags = lags_of(arrivals, delay_ns)
        mean = SMALL_PPS * (delay_ns + FRAGMENTS * SERVICE_NS) / 1e9
        rows.append((delay, window, round(mean), round(sum(lags) / len(lags), 1), len(lags),
                     variant["replay_drops"], sum(lag >= window for lag in lags),
                     round(len(lags) * poisson_tail(mean, window), 1)))
    return rows


def table(rows):
    yield "| process_delay, ms | window | R·D | n, mean | lost | computed | by Poisson |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for delay, window, product, mean, _, lost, computed, expected in rows:
        yield f"| {delay} | {window} | {product} | {mean} | {lost} | {computed} | {expected} |"


def data(rows):
    """Blocks for gnuplot, one a window: n / W, shares lost: measured, computed, Poisson's."""
    last = None
    for _, window, _, mean, large, lost, computed, expected in rows:
        if last not in (None, window):
            yield "\n"
        last = window
        yield f"{mean / window:.4f} {lost / large:.4f} {computed / large:.4f} {expected / large:.4f} {window}"


def plot(rows, target):
    windows = sorted({row[1] for row in rows})
    curves = [f"'$data' index {i} using 1:3 with lines lc {i + 1} title 'W = {window}, computed', "
              f"'$data' index {i} using 1:2 with points pt 6 lc {i + 1} title 'measured'"
              for i, window in enumerate(windows)]
    script = "\n".join(["$data << END", *data(rows), "END", "set terminal svg size 800,500",
                        "set key left top",
                        "set xlabel 'small packets that pass a large one / window'",
                        "set ylabel 'large packets lost to the replay window'",
                        "set yrange [-0.05:1.05]", "set grid",
                        "plot " + ", ".join(curves).replace("'$data'", "$data")])
    drawn = subprocess.run(["gnuplot"], input=script, stdout=subprocess.PIPE, text=True, timeout=60,
                           check=True)
    lines = "\n".join(line.rstrip() for line in drawn.stdout.splitlines()).rstrip()
    pathlib.Path(target).write_text(lines + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--esplab", default=ROOT / "build" / "esplab", type=pathlib.Path)
    parser.add_argument("--plot", metavar="FILE.svg")
    parser.add_argument("--data", metavar="FILE")
    options = parser.parse_args()
    if not options.esplab.exists():
        print(f"{options.esplab} is missing: scripts/build build esplab")
        return 2
    if options.plot and not shutil.which("gnuplot"):
        print("gnuplot is missing (package gnuplot-nox); --data FILE writes what it would plot")
        return 2
    with tempfile.TemporaryDirectory(prefix="esplab-curve-") as folder:
        rows = curve(options.esplab, pathlib.Path(folder))
    print("\n".join(table(rows)))
    if options.data:
        pathlib.Path(options.data).write_text("\n".join(data(rows)) + "\n", encoding="utf-8")
    if options.plot:
        plot(rows, options.plot)
    return int(any(row[5] != row[6] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
