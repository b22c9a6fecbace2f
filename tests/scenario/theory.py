"""docs/theory.md against qos-reorder.cfg: which packets the replay window must lose.

Captures of the LAN and the WAN tell when each packet got its number, when it left the queue and in which
order.  From that alone follow the sequence lags, hence the losses of any window (exact form), and what packet
rate times queueing delay says (simple forms).  Both are compared with runs that really have those windows.
"""
import bisect
import struct

import kit

LAB = "qos-reorder.cfg"
WINDOWS = (32, 64, 100, 128, 160, 200, 256, 512)
CLASS_OF_DSCP = {46: "voice", 18: "data", 0: "rest"}
QUEUE_LIMIT = "gateways.gwa.ports.wan.qos.classes.data.queue_limit"
# The LAN and the router as the laboratory has them.
LAN_NS_PER_BYTE = 8
LAN_DELAY_NS = 5000
POLL_NS = 10000
# How far R * D may be from the truth, as docs/theory.md says: relative, and packets.
TOLERANCE = (0.05, 20)


class Flight:
    """All packets of one SA by sequence number: when the number was taken, when the packet left, its lag."""

    def __init__(self, out):
        self.taken = []  # of number 1, 2, ...: ns
        self.dscp = []
        self.left = {}  # by number: ns; what the queue dropped is not in it
        self.order = []  # numbers as they left
        self.lag = {}
        self.overtaker = {}  # by number: the newest one that left before
        self.read_lan(out / "lan-a.pcapng")
        self.read_wan(out / "wan.pcapng")

    def read_lan(self, path):
        """The k-th packet on the line is the k-th to arrive, and gets number k at the next poll."""
        free = 0
        for packet in kit.read_pcapng(path):
            if packet.interface == 0:
                free = max(free, packet.time_ns) + len(packet.data) * LAN_NS_PER_BYTE
                self.taken.append(-(-(free + LAN_DELAY_NS) // POLL_NS) * POLL_NS)
                self.dscp.append(packet.data[1] >> 2)

    def read_wan(self, path):
        edge = 0
        for packet in kit.read_pcapng(path):
            if packet.interface == 0:
                number = struct.unpack_from("!I", packet.data, 24)[0]
                self.order.append(number)
                self.left[number] = packet.time_ns
                self.overtaker[number] = edge
                self.lag[number] = edge - number
                edge = max(edge, number)

    def delay(self, number):
        return self.left[number] - self.taken[number - 1]

    def taken_since(self, number):
        """Numbers that were taken after this one while it waited: R * D."""
        return bisect.bisect_right(self.taken, self.left[number]) - number

    def of_class(self, name):
        return [number for number in self.order if CLASS_OF_DSCP[self.dscp[number - 1]] == name]

    def overtaken(self, name):
        return [number for number in self.of_class(name) if self.lag[number] > 0]


def fly(scenario, out, *sets):
    captures = ("links.wan.capture=true", "links.lan-a.capture=true")
    summary = scenario.run(scenario.labs / LAB, out, *captures, *sets)
    flight = Flight(out)
    scenario.check(min(map(flight.delay, flight.order)) >= 0, "a packet leaves before it comes")
    dropped = summary["drops"].get("qos_tail", 0)
    scenario.equal(len(flight.taken), kit.inbound(summary)["arrived"] + dropped, "numbers taken")
    return summary, flight


def check_exact(scenario, flight, summary, window, name):
    """lag >= W, packet by packet: the class counts, and what the histogram of the run says."""
    lost = {number for number in flight.order if flight.lag[number] >= window}
    for class_name in CLASS_OF_DSCP.values():
        wanted = sum(number in lost for number in flight.of_class(class_name))
        if class_name == "voice":  # both directions are one class; nothing overtakes voice
            scenario.equal(wanted, 0, f"{name}: voice overtaken")
        scenario.equal(kit.replay_losses(kit.class_of(summary, class_name)), wanted,
                       f"{name}: {class_name} lost to window {window}")
    scenario.equal(kit.inbound(summary)["replays"], len(lost), f"{name}: replay drops with window {window}")
    return lost


def check_dropped(scenario, out, lost, name, reason="replay_old"):
    """The very packets: numbers in drops.ndjson, of which the header carries 32 bits."""
    dropped = set()
    with open(out / "drops.ndjson", encoding="utf-8") as file:
        for line in file:
            drop = kit.json.loads(line)
            if drop["reason"] == reason:
                dropped.add(drop["seq"] % 2**32)
    scenario.check(dropped == lost, f"{name}: {len(dropped)} numbers dropped, {len(lost)} foretold, "
                   f"{len(dropped & lost)} of them the same")


def check_tables(scenario, summary, really, name):
    """One run's histogram and table give the losses of all windows."""
    table = {row["window"]: row["lost"] for row in kit.inbound(summary)["lag"]["loss_by_window"]}
    for window, lost in really.items():
        scenario.equal(kit.lost_by_window(summary, window), lost, f"{name}: histogram at window {window}")
        if window in table:
            scenario.equal(table[window], lost, f"{name}: loss_by_window at {window}")
    scenario.check(len(set(table) & set(really)) >= 5, f"{name}: windows in common {sorted(table)}")


def near(value, truth):
    return abs(value - truth) <= TOLERANCE[0] * truth + TOLERANCE[1]


def mean_age(flight, numbers):
    """How long ago the newest overtaker had got its number when a packet left: ns."""
    return sum(flight.left[n] - flight.taken[flight.overtaker[n] - 1] for n in numbers) / len(numbers)


def burst_rates(flight, numbers):
    """Mean rate of the SA, per ns, in the burst of each packet: while its class has something to send."""
    bursts, empty = [], -1
    for number in numbers:
        if flight.taken[number - 1] > empty:
            bursts.append([])
        bursts[-1].append(number)
        empty = flight.left[number]
    rates = {}
    for burst in bursts:
        first, last = burst[0], burst[-1]
        rate = flight.taken_since(last) + last - first
        rate /= max(1, flight.left[last] - flight.taken[first - 1])
        rates.update((number, rate) for number in burst)
    return rates


def forecasts(flight):
    """What each overtaken data packet's lag should be: {form: [lag, ...]}."""
    numbers = flight.overtaken("data")
    back = mean_age(flight, numbers)
    bursts = burst_rates(flight, flight.of_class("data"))
    # numbers of packets that left; the queue's drops are missing
    carried = [time for number, time in enumerate(flight.taken, 1) if number in flight.left]
    forms = {"lag": [], "R*D": [], "R*(D-g)": [], "burst": [], "carried": []}
    for number in numbers:
        delay = flight.delay(number)
        rate = flight.taken_since(number) / delay
        forms["lag"].append(flight.lag[number])
        forms["R*D"].append(rate * delay)
        forms["R*(D-g)"].append(rate * (delay - back))
        forms["burst"].append(bursts[number] * delay)
        forms["carried"].append(bisect.bisect_right(carried, flight.left[number])
                                - bisect.bisect_right(carried, flight.taken[number - 1]))
    return forms


def documented(scenario):
    """The tables of section 4: a list of {window: [lost, foretold, ...]}."""
    tables = []
    for line in (scenario.root / "docs" / "theory.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        if cells[0] == "window":
            tables.append({})
        elif tables and len(cells) == 5 and all(cell.isdigit() for cell in cells):
            tables[-1][int(cells[0])] = [int(cell) for cell in cells[1:]]
    return tables


def check_simple(scenario, forms, window, really, name):
    """docs/theory.md, section 4: which forms agree, and how well.  Returns what each foretells."""
    foretold = {form: sum(lag >= window - 1e-6 for lag in lags) for form, lags in forms.items()}
    scenario.equal(foretold["lag"], really, f"{name}: lags at window {window}")
    # R * D forgets what stands behind the newest overtaker: never too low, and late by so many at most
    spare = max(whole - lag for whole, lag in zip(forms["R*D"], forms["lag"]))
    scenario.check(really <= foretold["R*D"] <= sum(lag >= window - spare - 1e-6 for lag in forms["lag"]),
                   f"{name}: window {window}: {foretold} outside of what {spare} numbers explain")
    for form in ("R*D", "R*(D-g)"):
        scenario.check(near(foretold[form], really), f"{name}: window {window}: {form} foretells "
                       f"{foretold[form]}, lost are {really}")
    print(f"{name}: window {window:3}: lost {really:5}; foretold by "
          + ", ".join(f"{form} {count}" for form, count in foretold.items() if form != "lag"))
    return foretold


def check_windows(scenario, folder, name, table, column, *sets):
    """Foretells from one run, then really runs every window; `column` is the last one of the table."""
    summary, flight = fly(scenario, folder / "captured", *sets)
    forms = forecasts(flight)
    really = {}
    age = mean_age(flight, flight.overtaken("data"))
    print(f"{name}: g, the mean age of the newest overtaker, is {age / 1e6:.2f} ms")
    for window in WINDOWS:
        out = folder / f"window-{window}"
        run = scenario.run(scenario.labs / LAB, out, f"gateways.gwb.sas.a-b.window={window}", *sets)
        check_dropped(scenario, out, check_exact(scenario, flight, run, window, name), name)
        scenario.equal(kit.inbound(run)["lag"]["histogram"], kit.inbound(summary)["lag"]["histogram"],
                       f"{name}: lags at window {window}, which they do not depend on")
        lost = kit.replay_losses(kit.class_of(run, "data"))
        foretold = check_simple(scenario, forms, window, lost, name)
        row = [lost] + [foretold[form] for form in ("R*D", "R*(D-g)", column)]
        scenario.equal(table.get(window), row, f"{name}: row {window} of the table in docs/theory.md")
        really[window] = kit.inbound(run)["replays"]
    check_tables(scenario, summary, really, name)
    scenario.check(len([lost for lost in really.values() if lost]) >= 5, f"{name}: losses {really}")
    return flight, forms


def check_esn(scenario, folder, flight):
    """Extended numbers lose the same packets; their ICV fails, as they are taken for the next 2^32."""
    out = folder / "esn"
    sets = [f"gateways.{gateway}.sas.{sa}.esn=true" for gateway in ("gwa", "gwb") for sa in ("a-b", "b-a")]
    sa = kit.inbound(scenario.run(scenario.labs / LAB, out, *sets))
    lost = {number for number in flight.order if flight.lag[number] >= sa["window"]}
    check_dropped(scenario, out, lost, "ESN", "icv_esn_old")
    scenario.equal((sa["replays"], sa["errors"]), (0, len(lost)), "ESN: replays, errors")


def body(scenario, folder):
    first, second = documented(scenario)
    flight, _ = check_windows(scenario, folder, "as is", first, "burst")
    check_esn(scenario, folder, flight)
    flight, forms = check_windows(scenario, folder, "queue limit 64", second, "carried", f"{QUEUE_LIMIT}=64")
    # What the queue drops has got its number before: without it R is too low.
    scenario.check(len(flight.taken) - len(flight.order) > 100, "queue limit 64: too few packets did not fit")
    lost, carried = (sum(lag >= 100 for lag in forms[form]) for form in ("lag", "carried"))
    scenario.check(carried < lost / 2, f"queue limit 64: carried packets alone foretell {carried} of {lost}")


kit.main(body)
