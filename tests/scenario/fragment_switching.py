"""fragment-switching.cfg: fragments wait, small packets overtake them, and what each documented cure does.

The numbers are ranges, so that whoever changes the laboratory a little keeps its story; what must be 0 is 0.
"""
import kit

LAB = "fragment-switching.cfg"
WINDOWS = ("window 128", "window 256", "window 512", "window 1024")
NO_FRAGMENTS = ("before", "MSS 1300", "MTU 1400")
PROCESS_ONLY = ("fast switching off", "both off")


def switching(summary):
    """Of gwb: packets by cause, and `fast`."""
    found = kit.named(summary["nodes"], "name", "gwb")["switching"]
    return {"fast": found["fast"], **found["process"]}


def goodput(summary):
    return kit.named(summary["tcp"], "class", "file")["goodput_there_bps"]


def check_as_is(scenario, name, summary):
    """Large packets are lost to the window and to nothing else; small ones are not lost."""
    losses = {item["class"]: item["lost"] for item in summary["classes"] if item["lost"]}
    replays = kit.inbound(summary)["replays"]
    scenario.equal(losses, {"file": replays}, f"{name}: lost by class")
    scenario.equal(summary["drops"], {"replay_old": replays}, f"{name}: reasons")
    files = kit.class_of(summary, "file")
    scenario.check(0.02 < replays / files["sent"] < 0.08, f"{name}: {replays} of {files['sent']} lost")
    scenario.equal(replays, kit.lost_by_window(summary, 64), f"{name}: lag >= 64")
    scenario.equal(switching(summary)["fragment"] % 2, 0, f"{name}: fragments come in pairs")
    scenario.check(switching(summary)["fragment"] > 10000, f"{name}: fragments {switching(summary)}")


def check_cures(scenario, rows, summaries):
    best = goodput(summaries["MTU 1400"])
    scenario.check(goodput(summaries["as is"]) < 0.7 * best, "as is: files are slow")
    for name in NO_FRAGMENTS:
        scenario.equal(rows[name]["replay_drops"], 0, f"{name}: replay drops")
        scenario.equal(rows[name]["delivered"], rows[name]["sent"], f"{name}: delivered")
        scenario.equal(switching(summaries[name])["fragment"], 0, f"{name}: fragments at gwb")
        scenario.check(goodput(summaries[name]) > 0.95 * best, f"{name}: goodput")
    for name in WINDOWS[2:]:
        scenario.equal(rows[name]["replay_drops"], 0, f"{name}: replay drops")
    scenario.check(rows["window 256"]["replay_drops"] < 0.2 * rows["as is"]["replay_drops"], "window 256")
    for name in WINDOWS:
        scenario.check(goodput(summaries["as is"]) < goodput(summaries[name]) < best, f"{name}: goodput")
    for name in PROCESS_ONLY:
        scenario.equal((rows[name]["replay_drops"], switching(summaries[name])["fast"]), (0, 0), name)
        scenario.equal(set(rows[name]["drops"]), {"process_queue_full"}, f"{name}: drops")
        scenario.check(rows[name]["delivered"] < 0.6 * rows[name]["sent"], f"{name}: the price")


def check_log(scenario, folder, summary):
    log = (folder / "as-is" / "syslog.log").read_text()
    scenario.equal(log.count("%HW_VPN-1-HPRXERR: Hardware VPN0/0: Packet Encryption/Decryption error, "
                             "status=4612"), kit.inbound(summary)["replays"], "messages of the card")


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    for name in ("as is", "card disabled"):  # the card is not why: without it as much is lost
        check_as_is(scenario, name, summaries[name])
    check_cures(scenario, rows, summaries)
    check_log(scenario, folder / "all", summaries["as is"])


kit.main(body)
