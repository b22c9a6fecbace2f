"""stale-cache.cfg: a stale entry makes a whole tunnel late for a moment; what each cure does about it."""
import kit

LAB = "stale-cache.cfg"
CURES = ("process at once", "window 128", "window 256", "authentication off", "fast switching off")
MS = 1_000_000


def causes(summary):
    return kit.named(summary["nodes"], "name", "gwb")["switching"]["process"]


def check_as_is(scenario, row, summary):
    """All that waits is lost but for the first of each time: R * D = 73, about so many each of ten times."""
    scenario.equal(set(summary["drops"]), {"replay_old"}, "as is: reasons")
    waited = causes(summary)["stale_cache_entry"] + causes(summary)["cache_miss"]
    scenario.equal(sum(causes(summary).values()), waited, "as is: why packets were process switched")
    scenario.check(0.95 * waited < row["replay_drops"] < waited, f"as is: {row['replay_drops']} of {waited}")
    scenario.check(64 < row["replay_drops"] / 10 < 82, f"as is: {row['replay_drops']} in ten times")
    scenario.check(64 < row["window_needed"] <= 100, f"as is: window {row['window_needed']}")
    lost = {item["class"]: item["lost_ratio"] for item in row["classes"]}
    scenario.check(0.7 < lost["voice"] / lost["orders"] < 1.4, f"as is: all suffer alike: {lost}")


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    check_as_is(scenario, rows["as is"], summaries["as is"])
    for name in CURES:
        scenario.equal(rows[name]["replay_drops"], 0, f"{name}: replay drops")
        scenario.equal(rows[name]["delivered"], rows[name]["sent"], f"{name}: delivered")
    scenario.equal(rows["card disabled"]["replay_drops"], rows["as is"]["replay_drops"], "card disabled")
    seldom, once = (rows[name]["replay_drops"] for name in ("cache 5 s", "cache for ever"))
    scenario.equal(causes(summaries["cache for ever"])["stale_cache_entry"], 0, "cache for ever: stale")
    scenario.check(0 < once < seldom < 0.3 * rows["as is"]["replay_drops"], f"seldom {seldom}, once {once}")
    for item in rows["fast switching off"]["classes"]:
        scenario.check(item["delay_p50_ns"] > 50 * MS, f"fast switching off: {item} waits 40 ms more")


kit.main(body)
