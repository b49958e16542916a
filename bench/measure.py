"""What the benchmarks share: where things are, servers that end with their block, medians, ratios."""
import contextlib
import ctypes
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("PAVISE_BIN") or ROOT / os.environ.get("BUILD", "build") / "src/program")
ROUNDS = int(os.environ.get("ROUNDS", "15"))
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}


def adopt_orphans():
    """From now on a child that outlives its parent comes to us, so that once() can count it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(36, 1, 0, 0, 0) != 0:  # PR_SET_CHILD_SUBREAPER
        sys.exit(f"bench: prctl: {os.strerror(ctypes.get_errno())}")


def orphans_ms(known):
    """Processor time of the children that have come to us and are none of @known; waits for their end."""
    total = 0
    children = pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for pid in set(map(int, children)) - known:
        _, _, usage = os.wait4(pid, 0)
        total += (usage.ru_utime + usage.ru_stime) * 1000
    return total


def once(command, env=None, before=None):
    """Milliseconds from start to exit, and of processor time, children's included, also of those that end
    a moment later. Spawned without a fork: a large Python must not count."""
    if before:
        before()
    words = [os.fspath(word) for word in command]
    known = set(map(int, pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    start = time.perf_counter()
    child = os.posix_spawnp(words[0], words, os.environ if env is None else env, file_actions=null)
    _, status, usage = os.wait4(child, 0)
    taken = (time.perf_counter() - start) * 1000
    if status:
        sys.exit(f"bench: {' '.join(words)} ended with status {os.waitstatus_to_exitcode(status)}")
    return taken, (usage.ru_utime + usage.ru_stime) * 1000 + orphans_ms(known)


def medians(rounds, pairs, env, numbers=None):
    """The medians of time and processor time, per (command, before) of @pairs; rounds alternate. With
    @numbers, both are functions of the round's number, so that each round can do something new."""
    found = [[] for _ in pairs]
    for _ in range(rounds):
        number = next(numbers) if numbers else None
        for times, (command, before) in zip(found, pairs):
            if numbers:
                before(number)
                times.append(once(command(number), env))
            else:
                times.append(once(command, env, before))
    return [tuple(map(statistics.median, zip(*times))) for times in found]


def compare(name, ours, peer, peer_name, env=None, rounds=ROUNDS, before_ours=None, before_peer=None):
    (a, _), (b, _) = medians(rounds, [(ours, before_ours), (peer, before_peer)], env)
    print(f"{name:<34} ours {a:8.2f} ms   {peer_name:<16} {b:8.2f} ms   {b / a:6.1f} x", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(command, ready, env=None):
    """Gives what @ready makes of the started process, and the process."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as child:
        try:
            yield ready(child), child
        finally:
            child.terminate()


def listening(port):
    def wait(_):
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return port
            time.sleep(0.05)
        sys.exit(f"bench: nothing listens on port {port}")
    return wait


adopt_orphans()
