"""ah-reorder.cfg: the same reordering is status 4615 under AH and 4612 under ESP, in drops and in the log.

Under AH over ESP the AH drops, and the ESP inside never sees a late packet; the cures of ESP cure AH.
"""
import collections
import json
import re

import kit

LAB = "ah-reorder.cfg"
# variant: the status of its sequence errors, and the SA that finds them
STATUS = {"AH": (4615, "ah"), "ESP": (4612, "esp"), "AH over ESP": (4615, "ah")}
CURED = ["AH, window 1024", "AH, sequence after queue", "AH over ESP, sequence after queue"]


def statuses(folder):
    """{(status, SA): drops} of replay drops, and {status: lines} of the card's messages."""
    drops = collections.Counter()
    for line in (folder / "drops.ndjson").read_text().splitlines():
        drop = json.loads(line)
        if drop["reason"].startswith("replay"):
            drops[(drop["status"], drop["sa"])] += 1
    log = (folder / "syslog.log").read_text()
    lines = collections.Counter(map(int, re.findall(r"HPRXERR: .*status=(\d+)", log)))
    return drops, lines


def check_status(scenario, name, summary, folder):
    status, owner = STATUS[name]
    drops, lines = statuses(folder)
    replays = kit.inbound(summary, owner)["replays"]
    scenario.check(replays > 100, f"{name}: {replays} replay drops are too few to say anything")
    scenario.equal(dict(drops), {(status, owner): replays}, f"{name}: drops by status and SA")
    scenario.equal(dict(lines), {status: replays}, f"{name}: lines of the log by status")
    text = (folder / "summary.txt").read_text()
    told = f"of {owner.upper()}, status {status}."
    scenario.check(told in " ".join(text.split()), f"{name}: the summary names {status}")


def check_bundle(scenario, summary):
    """What the AH lets through, the ESP gets, in order or not, and keeps."""
    outer, inner = kit.inbound(summary, "ah"), kit.inbound(summary, "esp")
    scenario.equal(inner["replays"], 0, "AH over ESP: replays that the ESP found")
    scenario.equal(inner["arrived"], outer["packets"], "AH over ESP: packets from the AH to the ESP")
    scenario.equal(inner["packets"], outer["packets"], "AH over ESP: packets that both accepted")


def body(scenario, folder):
    lab = scenario.labs / LAB
    _, summaries = scenario.run_variants(lab, folder, "--duration", "12 s")
    for name in STATUS:
        check_status(scenario, name, summaries[name], folder / re.sub(r"[^a-zA-Z0-9]", "-", name))
    check_bundle(scenario, summaries["AH over ESP"])
    for name in CURED:
        scenario.equal(kit.inbound(summaries[name], "ah")["replays"], 0, f"{name}: replays")
        lost = sum(item["sent"] - item["delivered"] for item in summaries[name]["classes"])
        scenario.equal(lost, 0, f"{name}: lost packets")


kit.main(body)
