"""The tests of the CUDA device, built once, and the libraries that stand for CUDA, built anew for each way in which
kernels are to run. For the scripts beside it: cargo would build the tests anew each time.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = "runtime/src"
FAKES = "tests/cuda"
# Seconds in which a test ends.
LIMIT = 1800


def build(names, folder):
    """Builds tests, all that begin with a name where it ends in `*`. Gives the build script, and the programs by their
    names; they are copies in `folder`: cargo may build others in the meantime."""
    command = ["cargo", "test", "--release", "-p", "remat-tests", "--features", "cuda", "--no-run"]
    for name in names:
        command += ["--test", name]
    out = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    script, programs = None, {}
    for line in out.splitlines():
        message = json.loads(line)
        if message["reason"] != "compiler-artifact" or not message["manifest_path"].startswith(f"{ROOT}/tests/"):
            continue
        if "custom-build" in message["target"]["kind"]:
            script = message["filenames"][0]
        elif message["executable"] and "test" in message["target"]["kind"]:
            programs[message["target"]["name"]] = message["executable"]
    # What tsan.supp knows tests by.
    deps = folder / "deps"
    deps.mkdir()
    return shutil.copy(script, deps), {name: shutil.copy(program, deps) for name, program in programs.items()}


def compile_libraries(script, out, tree=ROOT, sanitizer="", ptx=""):
    """Builds the libraries as cargo would, of the sources in `tree`: with kernels that a sanitizer watches, or with those
    that NVRTC made PTX of in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    host = re.search("^host: (.*)$", subprocess.check_output(["rustc", "-vV"], text=True), re.M)[1]
    told = {
        "OUT_DIR": str(out),
        "HOST": host,
        "TARGET": host,
        "OPT_LEVEL": "2",
        "DEBUG": "false",
        "REMAT_CUDA_SANITIZER": sanitizer,
        "REMAT_CUDA_PTX": str(ptx),
    }
    done = subprocess.run(
        [script], cwd=tree / "tests", env=os.environ | told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout)


def run(program, arguments, libraries, sanitizer="", small=False):
    """Runs the tests of a program with libraries, one after the other."""
    # The runtime of a sanitizer must be loaded before all else, and knows few layouts of memory.
    command = []
    runtime = {"address": "libasan.so", "thread": "libtsan.so"}.get(sanitizer)
    if runtime:
        compiler = os.environ.get("CXX", "c++")
        found = subprocess.check_output([compiler, f"-print-file-name={runtime}"], text=True).strip()
        command = ["setarch", "-R", "env", f"LD_PRELOAD={os.path.realpath(found)}"]
    paths = f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
    told = {
        "LD_LIBRARY_PATH": paths,
        "REMAT_CUDA_CACHE": "",
        "REMAT_REQUIRE_GPU": "1",
        "REMAT_CUDA_SANITIZER": sanitizer,
        # Tests leave what is the process's until it ends.
        "ASAN_OPTIONS": "detect_leaks=0",
        "TSAN_OPTIONS": f"suppressions={ROOT}/{FAKES}/tsan.supp halt_on_error=1",
    }
    if small:
        told["REMAT_SMALL"] = "1"
    return subprocess.run(
        [*command, program, "--test-threads=1", *arguments],
        cwd=ROOT / "tests",
        env=os.environ | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=LIMIT,
    )


def failures(programs, libraries, sanitizer=""):
    """Runs tests, as many at once as there are cores, and prints what they say; those that fail."""
    # To ThreadSanitizer each CUDA thread is a thread.
    small = sanitizer == "thread"
    failed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        started = {
            name: pool.submit(run, program, ["--nocapture"], libraries, sanitizer, small)
            for name, program in programs.items()
        }
        for name, future in started.items():
            done = future.result()
            print(f"== {name}{sanitizer and ', sanitizer: '}{sanitizer}\n{done.stdout}", flush=True)
            if done.returncode != 0:
                failed.append(f"{name} {sanitizer}".rstrip())
    return failed


def failure(program, part, libraries, sanitizer=""):
    """Runs tests; what they failed with, if they did."""
    done = run(program, [part] if part else [], libraries, sanitizer)
    if done.returncode == 0:
        if not re.search("^test result: ok. [1-9]", done.stdout, re.M):
            raise RuntimeError(f"no tests were run: {done.stdout}")
        return None
    if "WARNING: ThreadSanitizer: data race" in done.stdout:
        return "ThreadSanitizer"
    if done.returncode == -signal.SIGSEGV:
        return "a crash"
    if "remat shim: " in done.stdout:
        return "the shim"
    if re.search("is .* but should be", done.stdout):
        return "other numbers"
    raise RuntimeError(f"neither passed nor failed as tests do, {done.returncode}: {done.stdout[-4000:]}")
