"""An accelerator's faults: each is found, named and counted, nothing is lost, and the cures work.

Also: what a VAM2+ carries is what was published of it.
"""
import filecmp

import kit

LAB = "card-faults.cfg"
GCM = "unknown transform, fallback"
# Counters beyond those that every run has, and drops, of each variant: nothing else may be there.
COUNTED = {
    "no fault": ([], []),
    "reorder": (["out_of_order"], ["replay_old"]),
    "reorder, in order": (["out_of_order"], []),
    "reorder, window 1024": (["out_of_order"], []),
    "mac": (["mac_miscompare", "mac_false"], ["icv"]),
    "lost": (["lost"], ["engine_lost"]),
    "late": (["late"], []),
    "too late": (["late", "lost", "stale", "queue_full"], ["engine_lost", "engine_full"]),
    "duplicate": (["duplicate"], []),
    "stuck": (["stuck", "queue_full", "lost", "stale"], ["engine_full", "engine_lost"]),
    "short": (["short_damaged", "mac_miscompare"], ["icv"]),
    "all": (["out_of_order", "mac_miscompare", "mac_false", "lost", "late", "duplicate", "stale", "stuck",
             "queue_full", "short_damaged"], ["replay_old", "icv", "engine_lost", "engine_full"]),
    "all, in order": (["out_of_order", "mac_miscompare", "mac_false", "lost", "late", "duplicate", "stale",
                       "stuck", "queue_full", "short_damaged"], ["icv", "engine_lost", "engine_full"]),
    "one slot, fallback": (["fallback", "sessions_software"], []),
    "one slot, no fallback": (["sessions_refused"], ["no_crypto_session"]),
    GCM: (["fallback", "sessions_software"], []),
}
USUAL = {"submitted", "completed", "sessions"}
# A counter and the drops that follow from it, one for one.
PAIRS = [("lost", "engine_lost"), ("queue_full", "engine_full"), ("mac_miscompare", "icv")]
RATE = 0.005  # of most faults
PPS, WIRE = 23350, 280e6
FRAME = 38  # Ethernet header, FCS, preamble and gap


def counters_of(summary):
    return kit.named(summary["engines"], "gateway", "gwb")["counters"]


def check_counted(scenario, name, summary):
    counters, drops = counters_of(summary), summary["drops"]
    wanted, reasons = COUNTED[name]
    found = {key for key, n in counters.items() if n and key not in USUAL}
    scenario.equal(found, set(wanted), f"{name}: counters that are not 0")
    scenario.equal(set(drops), set(reasons), f"{name}: reasons of drops")
    scenario.equal(summary["corrupt"], 0, f"{name}: corrupt packets")
    scenario.equal(counters["submitted"], counters["completed"] + counters["lost"], f"{name}: jobs")
    for counter, reason in PAIRS:
        scenario.equal(drops.get(reason, 0), counters[counter], f"{name}: {reason} and {counter}")
    other = kit.named(summary["engines"], "gateway", "gwa")["counters"]
    scenario.equal({key for key, n in other.items() if n} - USUAL, set(), f"{name}: counters of gwa")


def check_rates(scenario, summaries):
    """A fault of one job in 200 hits about that many (5 sigma)."""
    for name, counter in (("mac", "mac_false"), ("lost", "lost"), ("duplicate", "duplicate")):
        counters = counters_of(summaries[name])
        # a miscompare is known to decryption only: to the jobs of a-b
        jobs = kit.inbound(summaries[name])["arrived"] if name == "mac" else counters["submitted"]
        slack = 5 * (jobs * RATE) ** 0.5
        scenario.check(abs(counters[counter] - jobs * RATE) < slack,
                       f"{name}: {counters[counter]} of {jobs} jobs")


def check_cures(scenario, summaries):
    replays = {name: kit.inbound(summary)["replays"] for name, summary in summaries.items()}
    print(f"replay drops: {replays}")
    scenario.check(replays["reorder"] > 100, f"reorder: {replays['reorder']} replay drops, wanted are many")
    # the lag that is told is the one at the window, behind the card: it foretells what other windows lose
    scenario.equal(replays["reorder"], kit.lost_by_window(summaries["reorder"], 64), "reorder: lost by lag")
    needed = kit.inbound(summaries["reorder"])["lag"]["window_for"]["1"]
    scenario.check(64 < needed < 1024, f"reorder: window needed {needed}")
    for name in ("reorder, in order", "reorder, window 1024"):
        scenario.equal(replays[name], 0, f"{name}: replay drops")
        scenario.equal(counters_of(summaries[name])["out_of_order"],
                       counters_of(summaries["reorder"])["out_of_order"], f"{name}: the card is the same")
    for direction in (kit.inbound(summaries["reorder, in order"], sa) for sa in ("a-b", "b-a")):
        scenario.equal(direction["lag"]["late"], 0, f"in order: late packets of {direction['name']}")
    for name in ("voice", "voice-back", "data"):
        order = kit.class_of(summaries["reorder, in order"], name)["reordering"]["at_receiver"]
        scenario.equal(order["reordered"], 0, f"in order: {name} out of order at the receiver")
    order = kit.class_of(summaries["reorder"], "voice-back")["reordering"]["at_receiver"]
    scenario.check(order["reordered"] > 0, "reorder: voice-back is out of order too")


def check_classes(scenario, summaries):
    short = summaries["short"]
    for item in short["classes"]:
        wanted = item["sent"] if item["class"] == "short" else 0
        scenario.equal(item["lost"], wanted, f"short: lost of {item['class']}")
    refused = summaries["one slot, no fallback"]
    for item in refused["classes"]:
        wanted = item["sent"] if item["class"] == "voice-back" else 0
        scenario.equal(item["lost"], wanted, f"no fallback: lost of {item['class']}")
    for name, class_name in (("one slot, fallback", "voice-back"), (GCM, "voice")):
        counters = counters_of(summaries[name])
        scenario.check(counters["fallback"] >= kit.class_of(summaries[name], class_name)["delivered"] > 0,
                       f"{name}: {counters['fallback']} jobs in software")
    good, late = (kit.class_of(summaries[name], "data")["delay_ns"]["max"] for name in ("no fault", "late"))
    scenario.check(late > good + 9_000_000, f"late: longest delay {late} ns, without faults {good} ns")


def check_log(scenario, folder):
    """The words of the documents, as often as the drops."""
    log = (folder / "mac" / "syslog.log").read_text()
    drops = kit.read_json(folder / "mac" / "summary.json")["drops"]
    scenario.equal(log.count("PktEngReturn_MACMiscompare"), drops["icv"], "messages of a MOTCR")
    log = (folder / "one-slot--no-fallback" / "syslog.log").read_text()
    drops = kit.read_json(folder / "one-slot--no-fallback" / "summary.json")["drops"]
    scenario.equal(log.count("crypto_engine_select_crypto_engine: can't handle any more"),
                   drops["no_crypto_session"], "messages of a 7600")
    text = (folder / "stuck" / "summary.txt").read_text()
    scenario.check("What the accelerators did" in text and "stuck" in text, "summary.txt tells of the card")
    text = (folder / "no-fault" / "summary.txt").read_text()
    scenario.check("What the accelerators did" not in text, "summary.txt tells of nothing but work")


def check_throughput(scenario, folder, size):
    """More than it can take of one size: what it decrypts a second, in virtual time."""
    summary = scenario.run(scenario.labs / LAB, folder / f"vam-{size}", "gateways.gwb.engine=vam",
                           "lab.duration=2", "links.wan.rate=1 Gb/s", "links.wan.delay=0",
                           "traffic.data.kind=cbr", "traffic.data.pps=30000", f"traffic.data.size={size}",
                           "traffic.voice.calls=1", "traffic.voice-back.calls=1", "traffic.short.pps=1")
    counters = counters_of(summary)
    seconds = summary["end_ns"] / 1e9
    rate = counters["completed"] / seconds
    wire = kit.named([w for w in summary["wires"] if w["link"] == "wan"], "from", "gwa.wan")
    bits = rate * (wire["put_bytes"] / wire["put"] + FRAME) * 8
    print(f"vam2plus, {size} bytes: {rate:.0f} packets/s, {bits / 1e6:.1f} Mb/s of Ethernet")
    scenario.check(abs(rate - PPS) < PPS / 100, f"{size} bytes: {rate:.0f} packets/s, wanted are {PPS}")
    scenario.check(counters["queue_full"] > 1000, f"{size} bytes: its queue is full")
    return bits


def check_repeat(scenario, folder):
    """The same bytes again, though all of it is chance; another seed is another chance."""
    sets = ["gateways.gwb.engine=aim-all", "lab.duration=3"]
    first = scenario.run(scenario.labs / LAB, folder / "one", *sets)
    scenario.run(scenario.labs / LAB, folder / "two", *sets)
    for name in ("summary.json", "summary.txt", "drops.ndjson", "syslog.log"):
        scenario.check(filecmp.cmp(folder / "one" / name, folder / "two" / name, shallow=False),
                       f"{name} differs between two runs")
    other = scenario.run(scenario.labs / LAB, folder / "three", *sets, "lab.seed=2")
    scenario.check(counters_of(other) != counters_of(first), "another seed draws the same faults")


def body(scenario, folder):
    _, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    scenario.equal(set(summaries), set(COUNTED), "variants")
    for name, summary in summaries.items():
        check_counted(scenario, name, summary)
    check_rates(scenario, summaries)
    check_cures(scenario, summaries)
    check_classes(scenario, summaries)
    check_log(scenario, folder / "all")
    check_throughput(scenario, folder, 60)
    bits = check_throughput(scenario, folder, 1400)
    scenario.check(abs(bits - WIRE) < WIRE / 100, f"1400 bytes: {bits / 1e6:.1f} Mb/s, wanted are 280")
    check_repeat(scenario, folder)


kit.main(body)
