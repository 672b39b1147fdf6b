"""tools/gpu-kit.sh with programs in place of uwt-bench that succeed, fail and never end."""

import json
import os
import pathlib
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "gpu-kit.sh"
SAMPLE = ROOT / "test" / "Benchmarks" / "gpu_sample.json"
# Says on which pack and shape it was called, and what KIT_FAIL and KIT_HANG name fails, or never ends.
# It is started hundreds of times: without site-packages, and with few modules.
BENCH = f"""#!/usr/bin/python3 -IS
import os, sys
arguments = sys.argv[1:]
def values(name):
    return [arguments[i + 1] for i, one in enumerate(arguments[:-1]) if one == name]
with open(os.environ["KIT_CALLS"], "a") as calls:
    print(*arguments, file=calls)
if "--list" in arguments:
    if any("int4" in pack for pack in values("--pack")) and len(values("--pack")) == 1:
        print("64x64        pack\\nm 1 8 64")
        sys.exit()
    print("64x64        pack\\n4096x4096    llama\\nm 1 8 64")
    sys.exit()
import json
def read(path):
    with open(path) as file:
        return json.load(file)
def write(result):
    with open(values("-o")[0], "w") as file:
        json.dump(result, file)
result = read("{SAMPLE}")
if "--merge" in arguments:
    result["rows"] = [row for path in values("--merge") for row in read(path)["rows"]]
    write(result)
    sys.exit()
pack = os.path.basename(values("--pack")[0])
name = os.path.splitext(pack)[0] + "-" + values("--shapes")[0]
result["rows"] = [result["rows"][0] | {{"pack": name}}]
if values("-o"):
    write(result)
if name == os.environ.get("KIT_HANG"):
    import time
    time.sleep(60)
if name == os.environ.get("KIT_FAIL") and "--check" not in arguments:
    print("uwt-bench: error: a fault")
    sys.exit(4)
"""


@pytest.fixture(name="kit")
def fixture_kit(tmp_path):
    """A kit of two packs, one of them also for an experiment."""
    bench = tmp_path / "bench"
    bench.write_text(BENCH, encoding="utf-8")
    bench.chmod(bench.stat().st_mode | stat.S_IXUSR)
    pack = (ROOT / "test" / "Golden" / "packs" / "v1" / "small.uwtpack").read_bytes()
    for name in ("window4", "raw"):
        (tmp_path / f"{name}.uwtpack").write_bytes(pack)
    made = subprocess.run(
        ["bash", SCRIPT, "--make", "kit", "--bench", bench, "window4.uwtpack", "raw.uwtpack"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "kit" / "experiments").mkdir()
    for name in ("as-chosen.m8", "cluster-of-1.m64"):
        (tmp_path / "kit" / "experiments" / f"{name}.uwtpack").write_bytes(pack)
    return tmp_path


def run(kit, *arguments, **environment):
    # No tools of NVIDIA, whatever this machine has.
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if "cuda" not in part)
    return subprocess.run(
        ["bash", kit / "kit" / "gpu-kit.sh", *arguments], cwd=kit, capture_output=True, text=True, check=False,
        env=os.environ | {"KIT_CALLS": str(kit / "calls"), "PATH": path} | environment,
    )


def calls(kit):
    lines = (kit / "calls").read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if "--list" not in line and "--merge" not in line]


def name_of(call):
    pack, shape = call[call.index("--pack") + 1], call[call.index("--shapes") + 1]
    return f"{pathlib.Path(pack).stem}-{shape}"


def rows_of(path):
    return [row["pack"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]


def test_times_come_first_and_each_pack_and_shape_has_a_process(kit):
    done = run(kit, "--no-sanitizer")
    assert done.returncode == 0, done.stdout + done.stderr
    made = calls(kit)
    quick, others = [c for c in made if "--quick" in c], [c for c in made if "--quick" not in c]
    grid = ["raw-64x64", "window4-64x64", "raw-4096x4096", "window4-4096x4096"]
    assert made[: len(quick)] == quick
    assert [name_of(c) for c in quick] == grid
    experiments, timed, checked = others[:3], others[3:7], others[7:]
    assert [name_of(c) for c in experiments] == ["as-chosen.m8-packs", "cluster-of-1.m64-packs", "as-chosen.m8-packs"]
    assert [c[c.index("--m") + 1] for c in experiments] == ["8", "64", "8"]
    assert ["narrow" in c for c in experiments] == [False, False, True]
    assert [name_of(c) for c in timed] == grid
    assert all("--check" in c for c in checked) and sorted(map(name_of, checked)) == sorted(grid)
    # All clusters and slices, with tails.
    assert checked[0][checked[0].index("--m") + 1] == "1,3,8,9,16,17,32,33,64,65,128,129,192,256"
    assert rows_of(kit / "results" / "bench.json") == sorted(grid)
    assert rows_of(kit / "results" / "quick.json") == sorted(grid)
    assert (kit / "results" / "gpu.md").exists()


def test_packs_are_measured_at_their_own_shapes(kit):
    (kit / "kit" / "int4.uwtpack").write_bytes((kit / "kit" / "raw.uwtpack").read_bytes())
    done = run(kit, "--no-sanitizer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name_of(c) for c in calls(kit) if "int4" in name_of(c)} == {"int4-64x64"}
    assert "int4-64x64" in rows_of(kit / "results" / "bench.json")


def test_cublaslt_is_measured_once_a_shape_and_raw_is_the_twin(kit):
    assert run(kit, "--quick", "--no-sanitizer").returncode == 0
    quick = [c for c in calls(kit) if "--quick" in c]
    assert ["--no-peers" in c for c in quick] == [False, True, False, True]
    assert ["--twin" in c for c in quick] == [False, True, False, True]


def test_what_fails_is_named_and_the_others_run(kit):
    done = run(kit, "--quick", "--no-sanitizer", KIT_FAIL="raw-64x64")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "gpu-kit.sh: failed: quick/raw-64x64"
    assert "quick/raw-64x64: exit code 4" in (kit / "results" / "summary.txt").read_text(encoding="utf-8")
    # The next pack measures what the first was to, and what was found before the fault is kept.
    quick = [c for c in calls(kit) if "--quick" in c]
    assert ["--no-peers" in c for c in quick] == [False, False, False, True]
    assert len(rows_of(kit / "results" / "quick.json")) == 4


def test_what_never_ends_is_ended(kit):
    done = run(kit, "--quick", "--no-sanitizer", "--limit", "2", KIT_HANG="window4-4096x4096")
    assert done.returncode == 1
    failed = [line for line in done.stderr.splitlines() if line.startswith("gpu-kit.sh: failed")]
    assert failed == ["gpu-kit.sh: failed: quick/window4-4096x4096 (longer than 2 s)"]
    assert len(rows_of(kit / "results" / "quick.json")) == 4


def test_results_are_not_mixed_with_those_of_another_run(kit):
    assert run(kit, "--quick", "--no-sanitizer").returncode == 0
    done = run(kit, "--quick", "--no-sanitizer")
    assert done.returncode == 2
    assert "results has results already; name another folder by --out" in done.stderr


def test_mistakes_are_named(kit):
    done = run(kit, "--fast")
    assert done.returncode == 2
    assert "gpu-kit.sh: error: there is no option '--fast'" in done.stderr
    done = run(kit, "--limit")
    assert done.returncode == 2
    assert "gpu-kit.sh: error: --limit needs a value" in done.stderr
