"""Whether the memory of a gateway is flat, from samples of it.

What counts is what malloc has given out (esplab_heap_used_bytes of /metrics).  For each SA that was made some
bytes may stay: its key and its SPI must not come again, so they are remembered, in tables that double
(REKEY_BYTES).  The rest is noise: replaced SAs stay 30 s, and how many there are is chance (NOISE_BYTES).  So
the median of the last quarter of the samples is compared with that of the third one.  In an hour of 2 rekeys
and 10 commands a second that finds 100 bytes a command.

Private memory says less: tables of flows, neighbours and fragments, and the log, come in as they are touched
for the first time, and malloc holds what was a capture's 4 MiB once.  It is bounded, all the same: what
malloc holds, from the third quarter to the last (HELD_BYTES), and what it does not know of, from the first
one on (OTHER_BYTES).
"""
import re
import statistics

REKEY_BYTES = 256
NOISE_BYTES = 256 << 10
HELD_BYTES = 16 << 20
OTHER_BYTES = 8 << 20
QUARTERS = 4


def private_bytes(pid):
    """Of the process: what it has written to and nobody else has."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Private_Dirty:\s+(\d+) kB", file.read(), re.M)[1]) << 10


class Samples:
    """Of one gateway."""

    def __init__(self):
        self.heap, self.held, self.other, self.rekeys = [], [], [], []

    def add(self, heap, held, private, rekeys):
        """held: by malloc; rekeys: how many SAs were made so far."""
        self.heap.append(heap)
        self.held.append(held)
        self.other.append(private - held)
        self.rekeys.append(rekeys)

    def quarters(self, values):
        """The median of each quarter."""
        n = len(values)
        return [int(statistics.median(values[n * q // QUARTERS:n * (q + 1) // QUARTERS]))
                for q in range(QUARTERS)]

    def judge(self, scenario, name):
        """Of QUARTERS samples at least."""
        heap, held, other, rekeys = map(self.quarters, (self.heap, self.held, self.other, self.rekeys))
        allowed = NOISE_BYTES + REKEY_BYTES * (rekeys[-1] - rekeys[-2])
        scenario.check(heap[-1] - heap[-2] <= allowed,
                       f"{name}: heap in quarters {heap}; the last may have {allowed} more: {self.heap}")
        scenario.check(held[-1] - held[-2] <= HELD_BYTES, f"{name}: held in quarters {held}: {self.held}")
        scenario.check(other[-1] - other[0] <= OTHER_BYTES,
                       f"{name}: other in quarters {other}: {self.other}")
        print(f"{name}: medians of quarters: heap in use {heap}, held {held}, other private memory {other}; "
              f"SAs made: {self.rekeys[-1]}")
