"""workarounds-esp-seq.cfg: three causes at once; what each workaround takes away, and what stays."""
import kit

LAB = "workarounds-esp-seq.cfg"
MESSAGE = "%C1700_EM-1-ERROR: packet-rx error: ESP sequence fail"


def lost(row):
    """Share of packets lost, by class."""
    return {item["class"]: item["lost_ratio"] for item in row["classes"]}


def fragments(summary):
    return kit.named(summary["nodes"], "name", "gwb")["switching"]["process"]["fragment"]


def check_qos(scenario, rows):
    """Orders are late at gwa and at core; each is a part of it, and files are another matter."""
    as_is, gwa, core, both = (lost(rows[name]) for name in ("as is", "QoS off at gwa", "QoS off at core",
                                                            "QoS off"))
    scenario.check(0.2 < as_is["orders"] < 0.5, f"as is: {as_is}")
    for name, part in (("gwa", gwa), ("core", core)):
        scenario.check(0 < part["orders"] < 0.7 * as_is["orders"], f"QoS off at {name}: {part}")
    scenario.equal(both["orders"], 0, "QoS off: orders")
    scenario.check(abs(both["files"] - as_is["files"]) < 0.05 and both["files"] > 0.05, f"QoS off: {both}")


def check_fragments(scenario, rows, summaries):
    files = lost(rows["as is"])["files"]
    for name in ("before", "packets of 1400", "QoS off, before"):
        scenario.equal(fragments(summaries[name]), 0, f"{name}: fragments at gwb")
        scenario.check(lost(rows[name])["files"] < 0.2 * files, f"{name}: {lost(rows[name])}")
    scenario.equal(fragments(summaries["ip mtu 1400"]), fragments(summaries["as is"]), "ip mtu: fragments")
    scenario.check(lost(rows["ip mtu 1400"])["files"] > 0.8 * files, "ip mtu alone changes nothing")


def check_change(scenario, row, summary, folder):
    """For one second nothing leaves, and everything does before and after."""
    scenario.equal(set(summary["drops"]), {"tunnel_down"}, "MTU changed: reasons")
    scenario.equal(kit.class_of(summary, "voice")["lost"], 1000, "MTU changed: calls, 1,000 a second")
    times = [kit.json.loads(line)["time_ns"] for line in (folder / "drops.ndjson").open(encoding="utf-8")]
    scenario.check(5e9 <= min(times) < 5.001e9 and 5.999e9 < max(times) < 6e9, "MTU changed: when")
    scenario.equal(row["replay_drops"], 0, "MTU changed: replay drops")


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    check_qos(scenario, rows)
    check_fragments(scenario, rows, summaries)
    check_change(scenario, rows["and MTU changed"], summaries["and MTU changed"],
                 folder / "all" / "and-MTU-changed")
    for name in ("QoS off, before", "window 1024"):
        scenario.equal((rows[name]["replay_drops"], rows[name]["drops"]), (0, {}), f"{name}: drops")
    for name, row in rows.items():
        if name != "and MTU changed":
            scenario.equal(lost(row)["voice"], 0, f"{name}: nobody overtakes calls")
    log = (folder / "all" / "as-is" / "syslog.log").read_text()
    scenario.equal(log.count(MESSAGE), rows["as is"]["replay_drops"], "messages of a 1700")


kit.main(body)
