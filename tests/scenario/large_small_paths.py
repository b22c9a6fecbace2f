"""large-small-paths.cfg: large packets are late under load, and only then; and what each cure does."""
import kit

LAB = "large-small-paths.cfg"
CURES = ("equal paths", "no bursts", "files of 900 bytes", "window 128", "window 256", "authentication off",
         "fast switching off")


def causes(summary):
    return kit.named(summary["nodes"], "name", "gwb")["switching"]["process"]


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    as_is = rows["as is"]
    lost = {item["class"]: item["lost"] for item in as_is["classes"] if item["lost"]}
    scenario.equal(lost, {"files": as_is["replay_drops"]}, "as is: who loses")
    large = causes(summaries["as is"])["large_under_load"]
    scenario.check(300 < as_is["replay_drops"] <= large, f"as is: {as_is['replay_drops']} of {large} large")
    scenario.check(80 < as_is["window_needed"] <= 128, f"as is: window {as_is['window_needed']}")
    for name in CURES:
        scenario.equal(rows[name]["replay_drops"], 0, f"{name}: replay drops")
        scenario.equal(rows[name]["delivered"], rows[name]["sent"], f"{name}: delivered")
    for name in ("equal paths", "no bursts", "files of 900 bytes"):
        scenario.equal(causes(summaries[name])["large_under_load"], 0, f"{name}: large packets")
    scenario.equal(rows["before"]["replay_drops"], as_is["replay_drops"], "before: nothing is cut")
    log = (folder / "all" / "as-is" / "syslog.log").read_text()
    scenario.equal(log.count("%CRYPTO-4-PKT_REPLAY_ERR: decrypt: replay check failed"), as_is["replay_drops"],
                   "messages")


kit.main(body)
