"""Whole laboratories in every mode: families inside and outside, tunnel and transport, AH, AH over ESP,
NAT-T, ESN, TFC padding, in_order, numbers taken after the queue, over every kind of engine.

Of each: nothing is lost on a wire that loses nothing, no window throws anything away, what arrives is what
was sent, and `esplab decrypt` finds all of it in the capture of the WAN, with every ICV good.  tshark reads
the ESP of all laboratories at once.  modes_kit.py has the laboratories, modes_bad.py what is refused and
warned of.
"""
import dataclasses
import filecmp
import os
import shutil
import struct
import subprocess

import kit
import modes_bad
import modes_kit
from modes_kit import Case

TWICE = 5  # every fifth laboratory runs a second time
LINKS = ("lan-a", "wan", "lan-b")
FIELDS = ("esp.spi", "esp.sequence", "esp.icv_good", "esp.icv_bad", "esp.contained_data")
DECODE = ("esp.enable_encryption_decode:TRUE", "esp.enable_authentication_check:TRUE")
HEADER = {4: 20, 6: 40}
SECOND = 1_000_000_000


def files(folder):
    """What must be the same in two runs."""
    return sorted(path.name for path in folder.iterdir() if path.name != "timings.json")


def captured(out):
    """{link: [packets of the one way, of the other]}"""
    packets = {link: ([], []) for link in LINKS}
    for link in LINKS:
        for packet in kit.read_pcapng(out / f"{link}.pcapng"):
            packets[link][packet.interface].append(packet.data)
    return packets


def run(scenario, folder, case, text=None, out="out"):
    path = folder / "modes.cfg"
    path.write_text(text or case.text())
    shutil.rmtree(folder / out, ignore_errors=True)
    return scenario.run(path, folder / out)


def check_run(scenario, case, summary):
    """Everything arrives, by the SAs that were asked for."""
    scenario.equal(summary["drops"], {}, f"{case}: drops")
    scenario.check(summary["end_ns"] < SECOND, f"{case}: goes on until {summary['end_ns']} ns")
    for item in summary["classes"]:
        scenario.equal((item["delivered"], item["duplicates"]), (item["sent"], 0), f"{case}: {item['class']}")
    for way, names in enumerate(case.sa_names()):
        sent = sum(flow["sent"] for flow in summary["flows"] if flow["src"].endswith("10") and
                   flow["src"].startswith(modes_kit.NETS[case.inner][way]))
        scenario.check(sent > 60, f"{case}: {sent} packets one way")
        for name in names:
            sa = kit.inbound(summary, name)
            scenario.equal((sa["arrived"], sa["packets"], sa["replays"], sa["errors"], sa["lag"]["late"]),
                           (sent, sent, 0, 0, 0), f"{case}: SA {name}")


def check_packets(scenario, case, packets):
    """What comes out was sent, two hops older; on the WAN nothing is in clear, and TFC hides the size."""
    for way, (sender, receiver) in enumerate((("lan-a", "lan-b"), ("lan-b", "lan-a"))):
        wanted = [kit.aged(packet, 2) for packet in packets[sender][0]]
        scenario.check(packets[receiver][1] == wanted, f"{case}: {receiver} gets others than were sent")
        wan = packets["wan"][way]
        scenario.equal(len(wan), len(wanted), f"{case}: packets on the WAN")
        sizes = {len(outer) for outer, inner in zip(wan, wanted) if len(inner) <= case.tfc}
        scenario.equal(len(sizes), min(case.tfc, 1), f"{case}: outer sizes of what TFC pads: {sizes}")
        scenario.equal({packet[0] >> 4 for packet in wan}, {case.outer}, f"{case}: families outside")


def check_decrypt(scenario, folder, case, packets, keys, args):
    """All of the WAN opens, each layer with a good ICV, and the packets inside are those that were sent."""
    found = scenario.decrypt(folder / "out" / "wan.pcapng", keys, "-w", folder / "inner.pcapng", *args)
    totals, name = found["totals"], f"{case}, keys {keys.name}"
    sent = sum(map(len, packets["wan"]))
    layers = 2 if case.over else 1
    scenario.equal((totals["packets"], totals["kinds"]["opened"]), (sent, sent), f"{name}: opened")
    scenario.equal((totals["icv"]["good"], totals["replay"]["accepted"]), (sent * layers, sent * layers),
                   f"{name}: good ICVs, accepted")
    scenario.equal({row["natt"] for row in found["packets"]}, {case.natt}, f"{name}: natt")
    got = sorted(packet.data for packet in kit.read_pcapng(folder / "inner.pcapng"))
    wanted = sorted(kit.aged(packet, 1) for link in ("lan-a", "lan-b") for packet in packets[link][0])
    scenario.check(got == wanted, f"{name}: {len(got)} other packets inside than the {len(wanted)} sent")


def known(case):
    """What Wireshark's table has a name for."""
    transform = case.over or case.transform
    return not modes_kit.is_ah(transform) and "chacha" not in transform


class Wireshark:
    """ESP of all laboratories, for tshark at once: their SPIs differ."""

    def __init__(self):
        self.rows, self.packets, self.sas = [], [], {}

    def add(self, case, out, packets):
        if not known(case):
            return
        self.rows.append((out / "esp_sa").read_text())
        for way, names in enumerate(case.sa_names()):
            sent = packets[("lan-a", "lan-b")[way]][0]
            self.sas[case.spi_of(names[-1])] = case, [kit.aged(packet, 1) for packet in sent]
            self.packets += packets["wan"][way]

    def read(self, folder):
        profile = folder / "wireshark"
        profile.mkdir()
        (profile / "esp_sa").write_text("".join(self.rows))
        capture = kit.write_pcap(folder / "all.pcap", self.packets)
        command = ["tshark", "-n", "-r", str(capture), "-Y", "esp", "-T", "fields"]
        for preference in DECODE:
            command += ["-o", preference]
        for field in FIELDS:
            command += ["-e", field]
        env = dict(os.environ, WIRESHARK_CONFIG_DIR=str(profile), HOME=str(folder))
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def check(self, scenario, folder):
        rows = self.read(folder)
        scenario.equal(len(rows), len(self.packets), "tshark: packets of ESP")
        wrong = {}
        for spi, seq, good, bad, inner in rows:
            case, sent = self.sas[int(spi, 16)]
            number = (int(seq) - (modes_kit.ESN_FIRST if case.esn else 1)) % 2**32
            wanted = sent[number][HEADER[case.inner] if case.transport else 0:] if number < len(sent) else b""
            # tshark 4.0 does not see the upper half that the ICV covers
            icv = case.esn or (good, bad) == ("1", "0")
            # what TFC added is inside, behind the packet
            got = bytes.fromhex(inner)[:len(wanted) if case.tfc else None]
            if not icv or got != wanted:
                wrong[str(case)] = wrong.get(str(case), 0) + 1
        scenario.equal(wrong, {}, "tshark: packets with a bad ICV or another packet inside")
        print(f"tshark: {len(rows)} packets of {len(self.sas)} SAs")


def check_twice(scenario, folder, case):
    """Same configuration and seed, same bytes."""
    run(scenario, folder, case, out="again")
    names = files(folder / "out")
    _, differ, missing = filecmp.cmpfiles(folder / "out", folder / "again", names, shallow=False)
    scenario.equal((differ, missing), ([], []), f"{case}: files that differ the second time")


def check_modes(scenario, folder):
    wireshark = Wireshark()
    cases = list(modes_kit.numbered())
    for number, case in enumerate(cases):
        summary = run(scenario, folder, case)
        packets = captured(folder / "out")
        check_run(scenario, case, summary)
        check_packets(scenario, case, packets)
        check_decrypt(scenario, folder, case, packets, folder / "modes.cfg", [])
        if known(case) and not modes_kit.is_ah(case.transform):
            check_decrypt(scenario, folder, case, packets, folder / "out" / "esp_sa",
                          ["--esn"] if case.esn else [])
        wireshark.add(case, folder / "out", packets)
        if number % TWICE == 0:
            check_twice(scenario, folder, case)
    print(f"{len(cases)} laboratories")
    if scenario.check(shutil.which("tshark"), "there is no tshark"):
        wireshark.check(scenario, folder)


# What does the cryptography, without a time of its own: name of the gateways' engine, and `engines`.
ENGINES = {
    "ipsec_mb": "",
    "openssl": '{ name = "openssl"; kind = "cryptodev"; device = "crypto_openssl"; }',
    "aesni_mb": '{ name = "aesni_mb"; kind = "cryptodev"; device = "crypto_aesni_mb"; }',
    "scheduler": '{ name = "scheduler"; kind = "cryptodev"; device = "crypto_scheduler,'
                 'worker=crypto_openssl,worker=crypto_openssl,mode=round-robin"; }',
}
ENGINE_CASES = [
    Case("esp-gcm 256", inner=6, outer=4), Case("esp-gcm 128", transport=True, natt=True),
    Case("esp-aes 128 esp-sha256-hmac", inner=4, outer=6, esn=True), Case("esp-3des esp-md5-hmac"),
    Case("ah-sha384-hmac", inner=6, outer=6, esn=True), Case("ah-sha256-hmac", over=modes_kit.BUNDLE),
]


def behind_cards(engines):
    """The engines, and a card without a profile, hence without delay, round each."""
    for name, text in engines.items():
        yield name, text
        yield f"card-{name}", (text + ", " if text else "") + (
            f'{{ name = "card-{name}"; kind = "card"; inner = "{name}"; }}')


def check_counters(scenario, case, summary):
    layers = len(case.sa_names()[0])
    for engine in summary["engines"]:
        counters = engine["counters"]
        if counters is None:
            continue
        jobs = {key: n for key, n in counters.items() if n}
        total = sum(item["sent"] for item in summary["classes"]) * layers
        for key in ("submitted", "completed"):
            scenario.equal(jobs.pop(key, 0), total, f"{case}: {engine['gateway']}: {key}")
        scenario.equal(jobs.pop("sessions", 0), 2 * layers if engine["kind"] == "card" else 0,
                       f"{case}: {engine['gateway']}: sessions")
        scenario.equal(jobs, {}, f"{case}: {engine['gateway']}: further counters")


def check_engines(scenario, folder):
    """An engine that keeps the order leaves no trace but its name and counters."""
    for case in ENGINE_CASES:
        wanted = None
        for name, text in behind_cards(ENGINES):
            changed = dataclasses.replace(case, engine=name, engines=text)
            summary = run(scenario, folder, changed, changed.text().replace(str(changed), str(case)), name)
            check_run(scenario, changed, summary)
            check_counters(scenario, changed, summary)
            del summary["engines"]
            wanted = wanted or summary
            scenario.check(summary == wanted, f"{changed}: summary differs from that of ipsec_mb")
            names = [file for file in files(folder / "ipsec_mb") if not file.startswith("summary")]
            scenario.equal(filecmp.cmpfiles(folder / "ipsec_mb", folder / name, names, shallow=False)[1:],
                           ([], []), f"{changed}: files that differ from those of ipsec_mb")
    print(f"{len(ENGINE_CASES)} laboratories over {2 * len(ENGINES)} engines")


def check_status(scenario, folder):
    """A wire that reorders: AH says 4615, ESP 4612, and with both it is the AH that says so."""
    for inner, outer in ((4, 4), (4, 6), (6, 4), (6, 6)):
        for transform, over, status in (("ah-sha-hmac", "", 4615), ("esp-gcm 128", "", 4612),
                                        ("ah-sha-hmac", modes_kit.BUNDLE, 4615)):
            case = Case(transform, over=over, inner=inner, outer=outer, platform="aim", keys="window = 4")
            wire = 'delay = "2 ms"; jitter = "uniform"; jitter_scale = "30 ms"; reorder = true;'
            summary = run(scenario, folder, case, case.text().replace('delay = "2 ms";', wire))
            drops = sum(n for reason, n in summary["drops"].items() if reason.startswith("replay"))
            scenario.check(drops > 10, f"{case}: {drops} replay drops")
            lines = (folder / "out" / "syslog.log").read_text().splitlines()
            told = [f"status={status}" in line for line in lines]
            scenario.equal((len(told), all(told)), (drops, True), f"{case}: lines with status={status}")


QOS = '''qos = { kind = "cbwfq"; shape = "2 Mb/s"; classes = (
    { name = "first"; dscp = "ef"; priority = "1 Mb/s"; }, { name = "rest"; queue_limit = 500; } ); };'''


def check_sequence(scenario, folder):
    """Voice overtakes the rest in gwa's queues.  Numbers from before it are out of order, of AH and of ESP
    alike; those from behind it are not."""
    for inner, outer in ((4, 6), (6, 4)):
        for over in ("", modes_kit.BUNDLE):
            for sequence in ("before-queue", "after-queue"):
                case = Case("ah-sha256-hmac", inner=inner, outer=outer, over=over, sequence=sequence)
                address = f'{modes_kit.WAN[outer][0]}{modes_kit.WAN_BITS[outer]}";'
                text = case.text().replace(address, f"{address} {QOS}").replace(
                    'calls = 2; from = "b"; to = "a"', 'calls = 2; from = "a"; to = "b"')
                summary = run(scenario, folder, case, text)
                scenario.equal(summary["drops"], {}, f"{case}, QoS: drops")
                late = [kit.inbound(summary, name)["lag"]["late"] for name in case.sa_names()[0]]
                scenario.check(len(set(late)) == 1 and (late[0] > 20) == (sequence == "before-queue"),
                               f"{case}, QoS: late packets {late}")


def check_keepalives(scenario, folder):
    """After a silence, as long as the sources may send, and never after."""
    for family in (4, 6):
        case = Case("esp-gcm 128", inner=family, outer=family, natt=True, keys='natt_keepalive = "2 ms"')
        text = case.text().replace("pps = 1000", "pps = 100")
        summary = run(scenario, folder, case, text)
        scenario.equal(list(summary["drops"]), ["nat_keepalive"], f"{case}: drops")
        scenario.check(summary["end_ns"] < SECOND // 10, f"{case}: goes on until {summary['end_ns']} ns")
        found = scenario.decrypt(folder / "out" / "wan.pcapng", folder / "modes.cfg")["totals"]["kinds"]
        scenario.check(10 < found["natt_keepalive"] < 70, f"{case}: {found['natt_keepalive']} keepalives")
        for packet in kit.read_pcapng(folder / "out" / "wan.pcapng"):
            header = HEADER[family]
            ports = struct.unpack_from("!HH", packet.data, header)
            scenario.equal(ports, (4500, 4500), f"{case}: ports")


def check_large(scenario, rows, summaries):
    """Full packets: IPv6 is refused and its source told, IPv4 cut after encryption; smaller ones fit."""
    full, fits = summaries["1500 bytes"], summaries["as large as fits"]
    pieces = {name: kit.named(kit.named(full["nodes"], "name", node)["stages"], "name", name)["packets"]
              for node, name in (("gwa", "post_fragment"), ("gwb", "reassemble"))}
    six = kit.class_of(full, "data6")["lost_by_reason"]["too_big"]
    scenario.check(six > 50 and pieces["post_fragment"] > 50, f"ipv6.cfg, 1500 bytes: {six}, {pieces}")
    scenario.equal(rows["1500 bytes"]["drops"].get("too_big"), six, "ipv6.cfg, 1500 bytes: all of them IPv6")
    scenario.equal(pieces["reassemble"], 2 * pieces["post_fragment"], "ipv6.cfg, 1500 bytes: at gwb")
    told = kit.named(full["nodes"], "name", "gwa")["created"] - pieces["post_fragment"]
    scenario.check(0 < told <= six, f"ipv6.cfg: {told} ICMPv6 messages")
    scenario.equal(kit.named(full["nodes"], "name", "a6")["consumed"], told, "ipv6.cfg: heard by a6")
    scenario.check("too_big" not in rows["as large as fits"]["drops"], "ipv6.cfg, as large as fits: too_big")
    scenario.equal(kit.named(fits["nodes"], "name", "gwa")["created"], 0, "ipv6.cfg, as large as fits: cut")


def check_lab(scenario, folder):
    """config/lab/ipv6.cfg says what it is for, and its captures open with it."""
    lab, out = scenario.labs / "ipv6.cfg", folder / "ipv6"
    rows, summaries = scenario.run_variants(lab, out, "--duration", "3 s")
    plain = rows["ESP in tunnel mode"]
    scenario.check(plain["replay_drops"] > 50, f"ipv6.cfg: {plain['replay_drops']} replay drops")
    for name in ("v6-in-v4", "v4-in-v6"):
        replays = [kit.inbound(summaries[variant], name)["replays"] > 0
                   for variant in ("ESP in tunnel mode", "AH over ESP")]
        scenario.equal(replays, [True, False], f"ipv6.cfg: {name}: has replays, alone and inside of AH")
    scenario.equal(rows["ESN"]["replay_drops"], plain["replay_drops"], "ipv6.cfg, ESN: replay drops")
    scenario.equal(rows["window 1024"]["delivered"], plain["sent"], "ipv6.cfg, window 1024: delivered")
    for row in rows.values():
        scenario.equal(row["arrived"], row["sent"] - row["other_drops"], f"ipv6.cfg, {row['name']}: arrived")
    check_large(scenario, rows, summaries)
    for folder_name, status in (("ESP-in-tunnel-mode", 4612), ("AH-over-ESP", 4615)):
        lines = (out / folder_name / "syslog.log").read_text().splitlines()
        scenario.check(lines and all(f"status={status}" in line for line in lines), f"{folder_name}: log")
    for link in ("wan4", "wan6"):
        totals = scenario.decrypt(out / "ESP-in-tunnel-mode" / f"{link}.pcapng", lab)["totals"]
        scenario.check(totals["packets"] > 1000, f"ipv6.cfg: {link}: {totals['packets']} packets")
        scenario.equal(totals["icv"]["good"], totals["packets"], f"ipv6.cfg: {link}: good ICVs")


def check_set(scenario, folder):
    """What is set need not make sense with variants that nobody asked for."""
    sets = [f"gateways.{gateway}.sas.ah.over=esp" for gateway in ("gwa", "gwb")]
    lab = scenario.labs / "ah-reorder.cfg"
    summary = scenario.run(lab, folder / "set", *sets, duration="1 s")
    scenario.check(kit.inbound(summary, "esp")["packets"] > 1000, "ah-reorder.cfg, AH over ESP by --set")
    args = [part for change in sets for part in ("--set", change)]
    done = scenario.esplab("run", lab, "--variants", "--out", folder / "set", *args)
    scenario.equal(done.returncode, modes_bad.BAD_INPUT, "ah-reorder.cfg, --set and --variants: exit status")
    scenario.check('variant "ESP": ' in done.stderr, f"ah-reorder.cfg, --set and --variants: {done.stderr}")


def body(scenario, folder):
    check_lab(scenario, folder)
    check_set(scenario, folder)
    check_modes(scenario, folder)
    check_engines(scenario, folder)
    check_status(scenario, folder)
    check_sequence(scenario, folder)
    check_keepalives(scenario, folder)
    modes_bad.check_all(scenario, folder)


kit.main(body)
