"""fragments.cfg: what is cut where, that all of it arrives, and what is lost when it does not; tshark, where
it is there, reads the fragments of the capture and finds every ICV good, and every ICMP message well made.
"""
import pathlib
import shutil
import subprocess
import tempfile

import kit

LAB = "fragments.cfg"
DF = "DF, df-bit clear, "


def stage(summary, node, name):
    """Packets that a stage of a node has seen."""
    return kit.named(kit.named(summary["nodes"], "name", node)["stages"], "name", name)["packets"]


def sent(summary):
    return sum(item["sent"] for item in summary["classes"])


def lost(summary):
    return sum(item["lost"] for item in summary["classes"])


def check_places(scenario, name, summary, files):
    """Where the files were cut and put together."""
    pre, post = stage(summary, "gwa", "pre_fragment"), stage(summary, "gwa", "post_fragment")
    joined = stage(summary, "gwb", "reassemble")
    if name.endswith("before"):
        wanted = (files, 0, 0)
    else:
        wanted = (0, files, files * (3 if name.startswith("narrow") else 2))
    scenario.equal((pre, post, joined), wanted, f"{name}: cut before, cut after, fragments at gwb")
    numbers = kit.inbound(summary)["packets"]
    scenario.equal(numbers, sent(summary) + files * (pre > 0), f"{name}: ESP packets")
    wanted = files if name.startswith("narrow core, after") else 0
    scenario.equal(stage(summary, "core", "pre_fragment"), wanted, f"{name}: packets cut by the core")


def check_refused(scenario, name, summary, files):
    """DF is obeyed: no file arrives; the source is told, at most 100 times a second and ten at once."""
    class_ = kit.class_of(summary, "file")
    scenario.equal(class_["lost_by_reason"], {"too_big": files}, f"{name}: what became of the files")
    told = kit.named(summary["nodes"], "name", "gwa")["created"]
    scenario.check(400 < told <= 100 * 5 + 10, f"{name}: {told} ICMP messages")
    heard = kit.named(summary["nodes"], "name", "a")["consumed"]
    scenario.equal(heard, told, f"{name}: ICMP that a has heard")
    scenario.equal(kit.class_of(summary, "voice")["lost"], 0, f"{name}: voice lost")


def check_loss(scenario, name, summary):
    """Two must arrive of a file's pieces: about twice the loss of voice. Each loss has one name."""
    file, voice = kit.class_of(summary, "file"), kit.class_of(summary, "voice")
    scenario.equal(set(file["lost_by_reason"]), {"wire_loss"}, f"{name}: reasons, in packets")
    scenario.check(1.4 < file["lost_ratio"] / voice["lost_ratio"] < 3,
                   f"{name}: {file['lost_ratio']} of files, {voice['lost_ratio']} of voice")
    place = "gwb" if name.endswith("after") else "b"
    waited = kit.named(summary["nodes"], "name", place)["drops"]
    scenario.equal(waited, {"frag_timeout": file["lost"]}, f"{name}: halves that waited at {place}")


def tshark(scenario, folder, capture, fields, *more):
    """Rows of fields; the keys are those of the run."""
    if not shutil.which("tshark"):
        return None
    config = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (config / "wireshark").mkdir()
    shutil.copy(capture.parent / "esp_sa", config / "wireshark" / "esp_sa")
    command = ["tshark", "-r", str(capture), "-o", "esp.enable_encryption_decode:TRUE",
               "-o", "esp.enable_authentication_check:TRUE", "-T", "fields", *more]
    for field in fields:
        command += ["-e", field]
    env = {"XDG_CONFIG_HOME": str(config), "PATH": "/usr/bin:/bin", "HOME": str(config)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    scenario.equal(done.returncode, 0, f"tshark: {done.stderr}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def check_captures(scenario, folder):
    sets = ["lab.duration=200 ms", "links.wan.capture=true", "links.lan-a.capture=true"]
    after = scenario.run(scenario.labs / LAB, folder / "after", *sets)
    rows = tshark(scenario, folder, folder / "after" / "wan.pcapng", ["esp.icv_good", "ip.fragment.count"],
                  "-Y", "esp")
    if rows is None:
        print("without tshark")
        return
    files = kit.class_of(after, "file")["sent"]
    scenario.equal(len(rows), sent(after), "ESP packets that tshark has put together")
    scenario.check(all(row[0] in ("1", "True") for row in rows), "tshark: every ICV is good")
    scenario.equal(sum(row[1].startswith("2") for row in rows), files, "tshark: packets in two fragments")
    refused = scenario.run(scenario.labs / LAB, folder / "refused", *sets, "traffic.file.df=true")
    rows = tshark(scenario, folder, folder / "refused" / "lan-a.pcapng",
                  ["icmp.mtu", "icmp.checksum.status", "ip.src", "ip.dst", "frame.len"], "-Y", "icmp",
                  "-E", "occurrence=f", "-o", "ip.check_checksum:TRUE")
    scenario.equal(len(rows), kit.named(refused["nodes"], "name", "gwa")["created"], "ICMP messages")
    scenario.equal({tuple(row) for row in rows}, {("1438", "1", "10.1.0.1", "10.1.0.10", "576")},
                   "tshark: what the ICMP messages say")


def body(scenario, folder):
    _, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    files = kit.class_of(summaries["after"], "file")["sent"]
    cut = ["after", "before", DF + "after", DF + "before", "narrow core, after", "narrow core, before",
           "narrow core, ip mtu, before"]
    for name in cut:
        check_places(scenario, name, summaries[name], files)
        scenario.equal(lost(summaries[name]), 0, f"{name}: lost packets")
    for name in ("DF", "df-bit set, after"):
        check_refused(scenario, name, summaries[name], files)
    for name in ("loss, after", "loss, before"):
        check_loss(scenario, name, summaries[name])
    check_captures(scenario, folder)


kit.main(body)
