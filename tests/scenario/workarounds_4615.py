"""workarounds-4615.cfg: what each documented workaround does to both causes, and what it does not."""
import kit

LAB = "workarounds-4615.cfg"
ALL = ("authentication off", "fast switching off", "both off", "window 256")
NO_FRAGMENTS = ("MSS 1300", "MTU 1400", "MTU 1400, cache for ever")
STATUS = {"as is": (4615, 4612), "ESP, status 4612": (4612, 4615)}
MESSAGE = "%HW_VPN-1-HPRXERR: Hardware VPN0/0: Packet Encryption/Decryption error, status="


def process(summary):
    return kit.named(summary["nodes"], "name", "gwb")["switching"]["process"]


def goodput(summary):
    return kit.named(summary["tcp"], "class", "file")["goodput_there_bps"]


def check_nothing_helps(scenario, name, row, summary):
    """Both causes at work: files hang, and all lose at times."""
    scenario.check(row["replay_drops"] > 200, f"{name}: {row['replay_drops']} replay drops")
    scenario.equal(set(summary["drops"]), {"replay_old"}, f"{name}: reasons")
    scenario.check(goodput(summary) < 1e5, f"{name}: goodput {goodput(summary)}")
    for item in row["classes"]:
        if item["class"] in ("voice", "orders"):
            scenario.check(0.01 < item["lost_ratio"] < 0.03, f"{name}: {item}")


def check_cures(scenario, rows, summaries):
    for name in ALL:
        scenario.equal((rows[name]["replay_drops"], summaries[name]["drops"]), (0, {}), f"{name}: drops")
        scenario.check(goodput(summaries[name]) > 2e6, f"{name}: goodput {goodput(summaries[name])}")
    for name in NO_FRAGMENTS:
        causes = process(summaries[name])
        scenario.equal(causes["fragment"], 0, f"{name}: fragments")
        scenario.check(goodput(summaries[name]) > 4e6, f"{name}: goodput {goodput(summaries[name])}")
        scenario.check(0 < rows[name]["replay_drops"] <= causes["stale_cache_entry"] + causes["cache_miss"],
                       f"{name}: {rows[name]['replay_drops']} replay drops, {causes}")
    once = rows["MTU 1400, cache for ever"]["replay_drops"]
    scenario.check(once < 0.3 * rows["MTU 1400"]["replay_drops"], f"cache for ever: {once}")


def check_log(scenario, folder, name, summary):
    log = (folder / name.replace(" ", "-").replace(",", "-") / "syslog.log").read_text()
    right, wrong = STATUS[name]
    scenario.equal(log.count(f"{MESSAGE}{right}"), summary["drops"]["replay_old"], f"{name}: status {right}")
    scenario.equal(log.count(f"{MESSAGE}{wrong}"), 0, f"{name}: status {wrong}")


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    for name in (*STATUS, "card disabled"):
        check_nothing_helps(scenario, name, rows[name], summaries[name])
    check_cures(scenario, rows, summaries)
    for name in STATUS:
        check_log(scenario, folder / "all", name, summaries[name])


kit.main(body)
