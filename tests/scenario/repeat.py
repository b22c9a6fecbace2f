"""The same file and seed give the same bytes, whoever runs it, wherever, and with whichever build.

All files of the results folder but timings.json are compared.  Further arguments are other builds of the same
sources, as binaries or build folders; those that do not exist are left out.
A different seed must give different results, or the comparison would prove nothing.
"""
import os
import pathlib
import shutil
import subprocess

import kit

LAB = "qos-reorder.cfg"
DURATION = "3 s"
WALL_CLOCK = "timings.json"  # the one file that may differ
STRANGER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
# wires that draw random numbers, and messages
CHANCE = ["links.wan.jitter=pareto", "links.wan.jitter_scale=3 ms", "links.wan.reorder=true",
          "links.wan.loss=0.01", "links.wan.duplicate=0.01", "gateways.gwb.log_rate=5"]
CAPTURES = [f"links.{link}.capture=true" for link in ("lan-a", "wan", "lan-b")]

# variants of the laboratory and what each sets
ALONE = {"as-is": [], "window-1024": ["gateways.gwb.sas.a-b.window=1024"],
         "sequence-after-queue": ["gateways.gwa.sequence=after-queue"]}


def contents(out):
    """Every result file, as bytes by name."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*"))
            if path.is_file() and path.name != WALL_CLOCK}


def arguments(lab, out, sets, seed):
    args = ["run", lab, "--quiet", "--duration", DURATION, "--seed", seed, "--out", out]
    for change in sets:
        args += ["--set", change]
    return args


def run(scenario, out, sets=(), seed=7, lab=None, **how):
    done = scenario.esplab(*arguments(lab or scenario.labs / LAB, out, sets, seed), **how)
    if not scenario.equal(done.returncode, 0, f"exit status of {out}: {done.stderr.strip()}"):
        raise kit.Stop
    timings = pathlib.Path(how.get("cwd") or ".") / out / WALL_CLOCK
    scenario.check(timings.is_file(), f"there is no {timings}")


def compare(scenario, wanted, got, name):
    scenario.equal(sorted(got), sorted(wanted), f"{name}: names of the files")
    for path, data in wanted.items():
        if path in got:
            scenario.check(got[path] == data, f"{name}: {path} differs")


def other_builds(scenario):
    paths = [pathlib.Path(path).resolve() for path in scenario.more]
    paths = [path / scenario.binary.name if path.is_dir() else path for path in paths]
    return [path for path in paths if path.is_file() and path != scenario.binary]


def readable_by_stranger(scenario):
    """Can another user run the binary and read the laboratory?"""
    if os.geteuid() or not shutil.which(STRANGER[0]):
        return False
    for flag, path in (("-x", scenario.binary), ("-r", scenario.labs / LAB)):
        if subprocess.run([*STRANGER, "test", flag, str(path)], check=False).returncode:
            return False
    return True


def check_places(scenario, folder, wanted, sets):
    """Another folder, reached from another working directory, another locale, dirty memory."""
    (folder / "elsewhere").mkdir()
    dirty = ["env", "MALLOC_PERTURB_=165", "LC_ALL=C.UTF-8", "TZ=Asia/Tokyo"]
    os.symlink(scenario.labs, folder / "labs")
    run(scenario, "deep/out", sets, lab=f"../labs/{LAB}", cwd=folder / "elsewhere", prefix=dirty)
    compare(scenario, wanted, contents(folder / "elsewhere" / "deep" / "out"), "another place")


def check_stranger(scenario, folder, wanted, sets):
    if not readable_by_stranger(scenario):
        print("no other user can run this: that part is left out")
        return
    folder.chmod(0o755)
    home = folder / "stranger"
    home.mkdir()
    os.chown(home, 65534, 65534)
    run(scenario, home / "out", sets, prefix=STRANGER)
    compare(scenario, wanted, contents(home / "out"), "another user")


def check_variants(scenario, folder):
    """A variant run after others in one process is what it would be alone."""
    lab = scenario.labs / LAB
    done = scenario.esplab(*arguments(lab, folder / "variants", [], 7), "--variants")
    scenario.equal(done.returncode, 0, f"exit status of --variants: {done.stderr.strip()}")
    for name, sets in ALONE.items():
        run(scenario, folder / name, sets)
        compare(scenario, contents(folder / name), contents(folder / "variants" / name), f"variant {name}")


def check_seed(scenario, folder, wanted):
    run(scenario, folder / "seed", CAPTURES, seed=8)
    other = contents(folder / "seed")
    for path in ("summary.json", "drops.ndjson", "syslog.log", "wan.pcapng", "esp_sa"):
        scenario.check(other[path] != wanted[path], f"another seed: {path} is the same")


def body(scenario, folder):
    for name, sets in (("plain", CAPTURES), ("chance", CAPTURES + CHANCE)):
        here = folder / name
        here.mkdir()
        run(scenario, here / "first", sets)
        wanted = contents(here / "first")
        scenario.check(len(wanted) >= 8 and all(wanted.values()), f"{name}: files {sorted(wanted)}")
        check_places(scenario, here, wanted, sets)
        for number, binary in enumerate(other_builds(scenario)):
            run(scenario, here / f"build-{number}", sets, binary=binary)
            compare(scenario, wanted, contents(here / f"build-{number}"), binary)
        if name == "plain":
            check_seed(scenario, here, wanted)
            check_stranger(scenario, folder, wanted, sets)
    check_variants(scenario, folder)
    print(f"builds compared: {1 + len(other_builds(scenario))}")


kit.main(body)
