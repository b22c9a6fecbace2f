"""qos-reorder.cfg shows what it is for: the loss, and what each of the known cures does to it.

The numbers are ranges on purpose: whoever changes the laboratory a little keeps its story.
"""
import kit

LAB = "qos-reorder.cfg"
MS = 1_000_000


def row_class(row, name):
    return kit.named(row["classes"], "class", name)


def check_numbers(scenario, name, row, summary):
    """The table says what the summaries say."""
    for item in summary["classes"]:
        in_row = row_class(row, item["class"])
        for key in ("sent", "delivered", "lost"):
            scenario.equal(in_row[key], item[key], f"{name}: {item['class']} {key}")
        scenario.equal(item["delivered"] + item["lost"], item["sent"], f"{name}: {item['class']}")
    ends = [sa for sa in summary["sas"] if sa["direction"] == "in"]
    arrived, replays = sum(sa["arrived"] for sa in ends), sum(sa["replays"] for sa in ends)
    scenario.equal((row["arrived"], row["replay_drops"]), (arrived, replays), f"{name}: SAs")
    scenario.equal(sum(kit.replay_losses(item) for item in summary["classes"]), replays,
                   f"{name}: replay drops by class")
    scenario.equal(sum(item["sent"] for item in summary["classes"]), row["sent"], f"{name}: sent")


def check_as_is(scenario, summary):
    """A clear effect: data suffers, voice does not, and nothing else is lost."""
    data, voice = kit.class_of(summary, "data"), kit.class_of(summary, "voice")
    loss = kit.replay_losses(data) / data["sent"]
    print(f"as is: {100 * loss:.2f} % of data lost to the replay window")
    scenario.check(0.01 <= loss <= 0.05, f"as is: {100 * loss:.2f} % of data lost, wanted are 1 to 5")
    scenario.equal(voice["lost"], 0, "as is: voice lost")
    scenario.equal(set(data["lost_by_reason"]), {"replay_old"}, "as is: why data is lost")
    scenario.equal(kit.inbound(summary)["window"], 64, "as is: window")
    scenario.equal(kit.inbound(summary, "b-a")["replays"], 0, "as is: replay drops on the way back")


def check_cures(scenario, rows, summaries):
    before = rows["as is"]["replay_drops"]
    for name in ("window 1024", "window 4096", "QoS off", "authentication off", "sequence after queue"):
        scenario.equal(rows[name]["replay_drops"], 0, f"{name}: replay drops")
        scenario.equal(rows[name]["delivered"], rows[name]["sent"], f"{name}: delivered")
    needed = rows["as is"]["window_needed"]
    for name in ("window 1024", "window 4096"):
        scenario.equal(rows[name]["window_needed"], needed, f"{name}: window needed")
    for name in ("QoS off", "sequence after queue"):
        scenario.equal(rows[name]["window_needed"], 1, f"{name}: window needed, as nothing is late")
    for name, most in (("queue limit 64", 0.75 * before), ("queue limit 16", 0.01 * before)):
        scenario.check(rows[name]["replay_drops"] < most, f"{name}: {rows[name]}")
        scenario.check(rows[name]["queue_drops"] > 0, f"{name}: drops nothing")
        scenario.equal(row_class(rows[name], "voice")["lost"], 0, f"{name}: voice lost")
    scenario.equal(kit.inbound(summaries["authentication off"])["replay_check"], False, "no ICV, no check")


def check_delay(scenario, rows):
    """QoS is there for a reason: without it voice waits behind data."""
    with_qos = row_class(rows["as is"], "voice")["delay_p99_ns"]
    without = row_class(rows["QoS off"], "voice")["delay_p99_ns"]
    print(f"voice, 99 %: {with_qos / MS:.1f} ms with QoS, {without / MS:.1f} ms without")
    scenario.check(without > with_qos + 10 * MS, f"QoS off: voice waits {without} ns, with QoS {with_qos}")
    for name in ("window 1024", "sequence after queue"):
        voice = row_class(rows[name], "voice")["delay_p99_ns"]
        scenario.check(abs(voice - with_qos) < MS, f"{name}: voice waits {voice} ns, as is {with_qos}")


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    wanted = ["as is", "window 1024", "window 4096", "queue limit 64", "QoS off", "authentication off",
              "sequence after queue"]
    scenario.check(set(wanted) <= set(rows), f"variants {list(rows)}")
    for name, row in rows.items():
        check_numbers(scenario, name, row, summaries[name])
        scenario.equal(row["sent"], rows["as is"]["sent"], f"{name}: the same traffic")
    check_as_is(scenario, summaries["as is"])
    check_cures(scenario, rows, summaries)
    check_delay(scenario, rows)


kit.main(body)
