"""The codec of ESP and AH against peers that share no code with it: scapy, both ways, and tshark."""
import importlib.util
import shutil

import interop_kit
import kit


def body(scenario, folder):
    if not shutil.which("tshark"):
        kit.skip("there is no tshark")
    import interop_tshark  # pylint: disable=import-outside-toplevel
    codec = interop_kit.Codec(scenario.more[0])
    interop_tshark.run(scenario, codec, folder)
    if scenario.check(importlib.util.find_spec("scapy"), "no scapy: only tshark was asked"):
        import interop_headers  # pylint: disable=import-outside-toplevel
        import interop_scapy  # pylint: disable=import-outside-toplevel
        interop_scapy.run(scenario, codec)
        interop_headers.run(scenario, codec)
    scenario.equal(codec.close(), 0, "exit status of the codec")


kit.main(body)
