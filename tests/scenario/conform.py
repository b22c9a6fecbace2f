#!/usr/bin/python3
"""esplab conform: the engines pass, the output is what it says, and bad arguments are told.

What the cases find is tested with faulty engines in tests/conform/.
"""
import json

import kit

TRANSFORMS = ["esp-gmac 256", "esp-chacha20-poly1305", "esp-aes-ctr 192 esp-sha-hmac",
              "esp-3des esp-md5-hmac", "ah-sha384-hmac"]
CASES = {"session", "vector", "icv", "short", "size", "chain", "order", "queue", "due", "esp_out", "esp_back",
         "esp_size", "esp_pad", "esp_pad_beyond", "esp_next", "esp_tfc", "esp_length", "esp_icv", "esp_esn",
         "esp_last", "replay_rows", "replay_size", "replay_zero", "replay_forged", "replay_esn"}
KEYS = {"verdict", "case", "transform", "expected", "found", "rfc"}

ENGINES = """
engines = ( { name = "slow"; kind = "card"; queue = 20; packet_time = "10 us"; units = 2; },
            { name = "forgetful"; kind = "card"; faults = ( { kind = "lost"; jobs = [ 100 ]; } ); } );
"""


def lines_of(done):
    return [line for line in done.stdout.splitlines() if line[:4] in ("PASS", "FAIL", "SKIP")]


def check_text(scenario, done, name):
    lines = lines_of(done)
    if not scenario.check(lines, f"{name}: no lines: {done.stderr}"):
        raise kit.Stop
    passed = sum(line.startswith("PASS") for line in lines)
    failed = sum(line.startswith("FAIL") for line in lines)
    summary = f"{passed} passed, {failed} failed, {len(lines) - passed - failed} skipped"
    scenario.equal(done.stdout.splitlines()[-1], summary, f"{name}: summary")
    scenario.equal(done.returncode, 1 if failed else 0, f"{name}: exit status")
    return passed, failed


def passes(scenario):
    for words in TRANSFORMS:
        done = scenario.esplab("conform", "--engine", "ipsec_mb", "--transform", words)
        passed, failed = check_text(scenario, done, words)
        scenario.check(passed >= 6 and not failed, f"ipsec_mb, {words}: {failed} failed: {done.stdout}")
    done = scenario.esplab("conform", "--replay", "bitmap")
    passed, failed = check_text(scenario, done, "--replay bitmap")
    scenario.check(passed >= 10 and not failed, f"--replay bitmap: {done.stdout}")


def json_output(scenario):
    done = scenario.esplab("conform", "--engine", "ipsec_mb", "--transform", "esp-gcm 128", "--json")
    scenario.equal(done.returncode, 0, "--json: exit status")
    result = json.loads(done.stdout)
    scenario.equal(result["engine"], "ipsec_mb", "--json: engine")
    scenario.equal({case["case"] for case in result["cases"]}, CASES, "--json: names of cases")
    scenario.check(all(set(case) == KEYS for case in result["cases"]), "--json: keys of cases")
    scenario.check(all(all(case.values()) for case in result["cases"]), "--json: empty values")
    scenario.equal(result["summary"],
                   {"passed": len(result["cases"]), "failed": 0, "skipped": 0}, "--json: summary")
    names = [case["expected"] for case in result["cases"] if case["case"] == "vector"]
    vectors = [case for path in sorted((scenario.root / "tests/vectors/crypto").glob("*.json"))
               for case in kit.read_json(path)["cases"] if case["transform"] == "esp-gcm 128"]
    scenario.check(names and len(names) == len(vectors), "--json: one line for each published vector")


def file_engines(scenario, folder):
    """An engine of a file, and that a fault of a modelled card is found."""
    lab = folder / "engines.cfg"
    base = (scenario.labs / "qos-reorder.cfg").read_text(encoding="utf-8")
    lab.write_text(base + ENGINES, encoding="utf-8")
    done = scenario.esplab("conform", "--engine", f"{lab}:slow", "--transform", "ah-sha-hmac")
    passed, failed = check_text(scenario, done, "a slow card")
    scenario.check(passed and not failed, f"a slow card: {done.stdout} {done.stderr}")
    done = scenario.esplab("conform", "--engine", f"{lab}:forgetful", "--transform", "ah-sha-hmac")
    passed, failed = check_text(scenario, done, "a card that loses a job")
    scenario.check(failed and "lost" in done.stdout, f"a card that loses a job: {done.stdout} {done.stderr}")
    refuses(scenario, ["--engine", f"{lab}:slwo"], ["\"slow\"", "forgetful"])


def refuses(scenario, args, texts):
    done = scenario.esplab("conform", *args)
    scenario.equal(done.returncode, 2, f"conform {args}: exit status")
    scenario.equal(done.stdout, "", f"conform {args}: output")
    for text in texts:
        scenario.check(text in done.stderr, f"conform {args}: {done.stderr!r} does not say {text}")


def bad_usage(scenario):
    refuses(scenario, [], ["--engine"])
    refuses(scenario, ["--engine", "ipsecmb"],
            ["\"ipsecmb\"", "nearest is \"ipsec_mb\"", "allowed: ", "cryptodev"])
    refuses(scenario, ["--engine", "ipsec_mb:x"], ["\"x\""])
    refuses(scenario, ["--engine", "card:vam3"], ["vam3"])
    refuses(scenario, ["--engine", "nowhere.cfg:x"], ["nowhere.cfg"])
    refuses(scenario, ["--engine", "ipsec_mb", "--transform", "esp-gmc 128"],
            ["nearest is \"esp-gcm 128\"", "allowed: "])
    refuses(scenario, ["--replay", "bitmaps"], ["nearest is \"bitmap\"", "allowed: "])
    refuses(scenario, ["--engine", "ipsec_mb", "--replay", "bitmap"], ["either"])
    refuses(scenario, ["--engine", "ipsec_mb", "more"], ["\"more\""])
    refuses(scenario, ["--enginee", "ipsec_mb"], ["esplab conform --engine"])


def body(scenario, folder):
    passes(scenario)
    json_output(scenario)
    file_engines(scenario, folder)
    bad_usage(scenario)


if __name__ == "__main__":
    kit.main(body)
