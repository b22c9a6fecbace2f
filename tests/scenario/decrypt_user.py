"""esplab decrypt: captures of runs, packets that scapy encrypted, others' captures, wrong keys, bad input.

What a run knows of its packets (how many, which were thrown away by the replay window) must come out of its
capture; what scapy put into a packet must come out of it.  scapy shares no code with esplab.
"""
import collections
import importlib.util
import json
import struct

import kit

LAB = "qos-reorder.cfg"
TRANSFORMS = ["esp-aes 128 esp-sha-hmac", "esp-gcm 256", "esp-3des esp-md5-hmac",
              "esp-aes-ctr 192 esp-sha512-hmac", "esp-null esp-sha256-hmac", "esp-aes 256"]
ESN_FIRST = 2**32 - 500
CAPTURES = "tests/vectors/captures"
LINKTYPE_ETHERNET = 1


def sa_sets(*changes):
    return [f"gateways.{gateway}.sas.{sa}.{change}" for gateway in ("gwa", "gwb") for sa in ("a-b", "b-a")
            for change in changes]


def replay_drops(summary):
    """What the decrypting gateways threw away for its number; with ESN that fails its ICV (RFC 4303 A2.2)."""
    return sum(count for reason, count in summary["drops"].items() if reason.startswith("replay_") or
               reason == "icv_esn_old")


def check_run(scenario, folder, transform, esn):
    """All packets of a run's WAN, with each kind of keys that it has."""
    out = folder / "run"
    changes = [f"transform={transform}"] + (["esn=true", f"first_seq={ESN_FIRST}"] if esn else [])
    summary = scenario.run(scenario.labs / LAB, out, "links.wan.capture=true", *sa_sets(*changes),
                           duration="2 s")
    name = f"{transform}{', ESN' if esn else ''}"
    wan = list(kit.read_pcapng(out / "wan.pcapng"))
    sent = sum(item["sent"] for item in summary["classes"])
    args = ["--esn"] if esn else []
    found = scenario.decrypt(out / "wan.pcapng", out / "esp_sa", "-w", out / "inner.pcapng", *args)
    totals = found["totals"]
    scenario.equal(len(wan), sent, f"{name}: packets on the WAN")
    scenario.equal(totals["kinds"]["opened"], sent, f"{name}: packets opened")
    if transform == "esp-aes 256":  # no ICV, hence no replay check
        scenario.equal(totals["icv"]["none"], sent, f"{name}: no ICV")
        scenario.equal(totals["replay"]["none"], sent, f"{name}: no replay check")
    else:
        drops = totals["replay"]["too old"] + totals["replay"]["duplicate"]
        scenario.equal(totals["icv"]["good"], sent, f"{name}: good ICVs")
        scenario.equal(drops, replay_drops(summary), f"{name}: replay verdicts and the run's drops")
        scenario.check(drops > 100, f"{name}: only {drops} replay drops")
    inner = list(kit.read_pcapng(out / "inner.pcapng"))
    scenario.equal([packet.time_ns for packet in inner], [packet.time_ns for packet in wan], f"{name}: times")
    sizes = collections.Counter(struct.unpack_from("!H", packet.data, 2)[0] for packet in inner)
    scenario.equal(collections.Counter(len(packet.data) for packet in inner), sizes, f"{name}: inner lengths")
    lengths = [row["inner"]["bytes"] for row in found["packets"]]
    scenario.equal(lengths, [len(packet.data) for packet in inner], f"{name}: lengths in lines and file")
    return out


def check_windows(scenario, out):
    """Another window, and the configuration as keys: the lag histogram of the run tells the same."""
    summary = kit.read_json(out / "summary.json")
    for window in (32, 128, 1024):
        found = scenario.decrypt(out / "wan.pcapng", out / "esp_sa", "--window", window)
        wanted = sum(kit.lost_by_window(summary, window, sa) for sa in ("a-b", "b-a"))
        scenario.equal(found["totals"]["replay"]["too old"], wanted, f"window {window}: too old")
    none = scenario.decrypt(out / "wan.pcapng", out / "esp_sa", "--window", 0)["totals"]
    scenario.equal(none["replay"]["none"], none["packets"], "window 0: no verdicts")
    by_cfg = scenario.decrypt(out / "wan.pcapng", scenario.labs / LAB)
    by_esp_sa = scenario.decrypt(out / "wan.pcapng", out / "esp_sa")
    scenario.equal(by_cfg["packets"], by_esp_sa["packets"], "keys of the configuration and of esp_sa")


def check_wrong_key(scenario, folder, out):
    row = (out / "esp_sa").read_text().splitlines()[0]
    fields = row[1:-1].split('","')
    wrong = folder / "wrong"
    fields[7] = "0x" + f"{int(fields[7], 16) ^ 1:0{len(fields[7]) - 2}x}"
    wrong.write_text('"' + '","'.join(fields) + '"\n')
    totals = scenario.decrypt(out / "wan.pcapng", wrong)["totals"]
    scenario.check(totals["kinds"]["icv_bad"] > 1000, f"wrong key: {totals['kinds']}")
    scenario.equal(totals["icv"]["good"], 0, "wrong key: good ICVs")
    scenario.equal(totals["kinds"]["unknown_spi"] + totals["kinds"]["icv_bad"], totals["packets"],
                   "wrong key: the rest")
    scenario.equal(totals["replay"]["accepted"], 0, "wrong key: a bad ICV moves no window")


def check_cut(scenario, folder, out):
    """A snaplen, a file that ends in the middle, Ethernet with padding and a VLAN."""
    packets = [packet.data for packet in kit.read_pcapng(out / "wan.pcapng")][:200]
    whole = scenario.decrypt(kit.write_pcap(folder / "whole.pcap", packets), out / "esp_sa")
    scenario.equal(whole["totals"]["kinds"]["opened"], 200, "raw IP")
    capture = kit.write_pcap(folder / "short.pcap", packets, snaplen=150)
    short = scenario.decrypt(capture, out / "esp_sa")["totals"]["kinds"]
    scenario.equal(short["truncated"], sum(len(packet) > 150 for packet in packets), "snaplen: truncated")
    scenario.equal(short["opened"], sum(len(packet) <= 150 for packet in packets), "snaplen: opened")
    data = (folder / "whole.pcap").read_bytes()
    (folder / "ends.pcap").write_bytes(data[:len(data) - 7])
    ends = scenario.decrypt(folder / "ends.pcap", out / "esp_sa")["totals"]
    scenario.equal(ends["kinds"]["opened"], 199, "a file that ends early: opened")
    scenario.check(ends["ends_early"], "a file that ends early says so")
    frames = [b"\2" * 12 + (b"\x81\0\0\7" if i % 2 else b"") + b"\x08\0" + packet + b"\0" * 9
              for i, packet in enumerate(packets)]
    capture = kit.write_pcap(folder / "eth.pcap", frames, LINKTYPE_ETHERNET)
    ethernet = scenario.decrypt(capture, out / "esp_sa")
    scenario.equal(ethernet["totals"]["kinds"]["opened"], 200, "Ethernet")
    scenario.equal(ethernet["totals"]["replay"], whole["totals"]["replay"], "Ethernet: the same verdicts")


def udp_mended(packet, natt):
    """scapy leaves the length of the UDP header of NAT-T at 8."""
    return packet[:24] + struct.pack("!H", len(packet) - 20) + packet[26:] if natt else packet


def scapy_packets(scapy, inet, inet6, natt):
    """What scapy encrypts: (fields of the row, packets, inner packets)."""
    cases = [("AES-CBC", 16, "HMAC-SHA1-96", 20, "AES-CBC [RFC3602]", "HMAC-SHA-1-96 [RFC2404]"),
             ("AES-GCM", 20, "NULL", 0, "AES-GCM with 16 octet ICV [RFC4106]", "NULL"),
             ("AES-CTR", 20, "SHA2-512-256", 64, "AES-CTR [RFC3686]", "HMAC-SHA-512-256 [RFC4868]"),
             ("NULL", 0, "SHA2-256-128", 32, "NULL", "HMAC-SHA-256-128 [RFC4868]"),
             ("3DES", 24, "HMAC-MD5-96", 16, "TripleDES-CBC [RFC2451]", "HMAC-MD5-96 [RFC2403]")]
    for number, (crypt, key, auth, auth_key, *names) in enumerate(cases):
        for v6 in (False, True):
            for tunnel in (False, True):
                outer = (inet6.IPv6(src="2001:db8::1", dst="2001:db8::2") if v6 else
                         inet.IP(src="192.0.2.1", dst="192.0.2.2"))
                spi = 0x100 + number * 4 + v6 * 2 + tunnel
                key_bytes, auth_bytes = bytes(range(1, key + 1)), bytes(range(101, 101 + auth_key))
                sa = scapy.SecurityAssociation(
                    scapy.ESP, spi=spi, crypt_algo=crypt, crypt_key=key_bytes or None, auth_algo=auth,
                    auth_key=auth_bytes or None, tunnel_header=outer if tunnel else None,
                    nat_t_header=inet.UDP(sport=4500, dport=4500) if natt and not v6 else None)
                row = ["IPv6" if v6 else "IPv4", outer.src, "*", f"0x{spi:08x}", names[0],
                       "0x" + key_bytes.hex() if key else "", names[1],
                       "0x" + auth_bytes.hex() if auth_key else ""]
                udp = inet.UDP(sport=1, dport=2, chksum=0)
                inner = [type(outer)(bytes(outer / udp / bytes(n))) for n in range(40, 60)]
                packets = [udp_mended(bytes(sa.encrypt(packet)), natt) for packet in inner]
                yield row, packets, [bytes(packet) for packet in inner]


def check_scapy(scenario, folder):
    from scapy.layers import inet, inet6, ipsec  # pylint: disable=import-outside-toplevel
    for natt in (False, True):
        rows, packets, inners = [], [], []
        for row, protected, inner in scapy_packets(ipsec, inet, inet6, natt):
            if natt and row[0] == "IPv6":  # scapy has NAT-T in IPv4 only
                continue
            rows.append('"' + '","'.join(row) + '"\n')
            packets += protected
            inners += inner
        (folder / "scapy_sa").write_text("".join(rows))
        capture = kit.write_pcap(folder / "scapy.pcap", packets)
        found = scenario.decrypt(capture, folder / "scapy_sa", "-w", folder / "scapy.pcapng")
        scenario.equal(found["totals"]["icv"]["good"], len(packets), f"scapy, NAT-T {natt}: good ICVs")
        scenario.equal(found["totals"]["replay"]["accepted"], len(packets), f"scapy, NAT-T {natt}: accepted")
        got = [packet.data for packet in kit.read_pcapng(folder / "scapy.pcapng")]
        wrong = sum(got[i] != inner for i, inner in enumerate(inners)) if len(got) == len(inners) else -1
        scenario.equal(wrong, 0, f"scapy, NAT-T {natt}: inner packets that differ")
        print(f"scapy, NAT-T {natt}: {len(packets)} packets")


def check_captures(scenario):
    """tcpdump's captures with FreeS/WAN's keys."""
    folder = scenario.root / CAPTURES
    for capture, natt in (("02-sunrise-sunset-esp.pcap", False), ("espudp1.pcap", True)):
        for keys, icv in (("sunrise.esp_sa", "good"), ("sunrise.tcpdump", "unchecked")):
            found = scenario.decrypt(folder / capture, folder / keys)
            scenario.equal(found["totals"]["icv"][icv], 8, f"{capture}, {keys}: ICV {icv}")
            for row in found["packets"]:
                scenario.equal((row["inner"]["src"], row["inner"]["dst"], row["inner"]["proto"], row["natt"]),
                               ("192.0.2.1", "192.0.1.1", 1, natt), f"{capture}, {keys}")
    found = scenario.decrypt(folder / "isakmp4500.pcap", folder / "sunrise.esp_sa")["totals"]["kinds"]
    kinds = [found[kind] for kind in ("ike", "natt_keepalive", "unknown_spi")]
    scenario.equal(kinds, [15, 4, 8], "isakmp4500.pcap: IKE, keepalives, ESP")


def check_bad(scenario, folder, out):
    (folder / "row").write_text('# a\n"IPv4","*","*","*","AES-CBD","0x00","NULL",""\n')
    (folder / "blowfish").write_text("1@192.0.2.2 blowfish-cbc:0x00\n")
    capture = out / "wan.pcapng"
    for args, status, words in (
            ([], 2, ["CAPTURE is missing", "--keys FILE"]),
            ([capture], 2, ["--keys FILE is missing"]),
            ([capture, capture, "--keys", "x"], 2, ["one CAPTURE"]),
            ([capture, "--keys", folder / "none"], 2, ["none: No such file"]),
            ([folder / "none.pcap", "--keys", out / "esp_sa"], 2, ["none.pcap: No such file"]),
            ([out / "summary.json", "--keys", out / "esp_sa"], 2, ["summary.json", "unknown file format"]),
            ([capture, "--keys", folder / "row"], 2, ["row:2:", '"AES-CBD"', 'nearest is "AES-CBC"']),
            ([capture, "--keys", "x", "--keys-format", "tcpdum"], 2, ['did you mean "tcpdump"?']),
            ([capture, "--keys", out / "esp_sa", "--window", "many"], 2, ["--window", '"many"']),
            ([capture, "--keys", out / "esp_sa", "--udp-port", "0"], 2, ["--udp-port", "1 to 65535"]),
            ([capture, "--keys", out / "esp_sa", "-w", folder / "no" / "x.pcapng"], 1, ["cannot be written"]),
            ([capture, "--keys", folder / "blowfish", "--quiet"], 0, ["blowfish:1: not used"])):
        done = scenario.esplab("decrypt", *args)
        scenario.equal(done.returncode, status, f"decrypt {args}: exit status")
        for word in words:
            scenario.check(word in done.stderr, f"decrypt {args}: no {word!r} in {done.stderr.strip()!r}")


def body(scenario, folder):
    for transform in TRANSFORMS:
        check_run(scenario, folder, transform, False)
    check_run(scenario, folder, "esp-gcm 128", True)
    out = check_run(scenario, folder, TRANSFORMS[0], False)
    check_windows(scenario, out)
    check_wrong_key(scenario, folder, out)
    check_cut(scenario, folder, out)
    check_captures(scenario)
    check_bad(scenario, folder, out)
    if scenario.check(importlib.util.find_spec("scapy"), "no scapy: its packets were not decrypted"):
        check_scapy(scenario, folder)


kit.main(body)
