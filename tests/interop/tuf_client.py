"""The client under test and the list of cases, for the tuf_cases_*.py files."""
import json
import os
import pathlib
import subprocess

from tuf_repository import TOP

CLIENT = os.environ.get("TUF_CLIENT", os.environ.get("PAVISE_BIN", "") + "/pavise tuf-client").split()
AT_TIME = pathlib.Path(__file__).resolve().parent.parent / "at-time"
CASES = []


def case(group, *parameters):
    """A function (client, repository[, parameter]) is a case, or one for each (name, parameter)."""
    def register(function):
        name = function.__name__.replace("_", " ")
        for title, value in parameters or [(None, None)]:
            full = f"{group}: {name}" + (f": {title}" if title else "")
            CASES.append((full, function, () if title is None else (value,)))
        return function
    return register


class Client:
    def __init__(self, folder, url, repository):
        self.metadata, self.targets = folder / "metadata", folder / "targets"
        self.folder, self.url, self.repository = folder, url, repository
        self.targets.mkdir()
        self.said = ""

    def run(self, *words, at=None):
        command = ([str(AT_TIME), at] if at else []) + CLIENT + [str(word) for word in words]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120, check=False)
        self.said = done.stdout
        return done.returncode

    def init(self, root=None):
        path = self.folder / "initial.json"
        path.write_bytes(root or self.repository.published["root"][0])
        return self.run("--metadata-dir", self.metadata, "init", path)

    def refresh(self, at=None):
        return self.run("--metadata-url", self.url + "/metadata/", "--metadata-dir", self.metadata,
                        "refresh", at=at)

    def download(self, *names, at=None):
        words = [word for name in names for word in ("--target-name", name)]
        return self.run("--metadata-dir", self.metadata, "--metadata-url", self.url + "/metadata",
                        *words, "--target-dir", self.targets, "--target-base-url",
                        self.url + "/targets/", "download", at=at)

    def trusted(self):
        """{role: version} of the top-level roles that the client trusts."""
        found = {}
        for role in TOP:
            path = self.metadata / f"{role}.json"
            if path.exists():
                found[role] = json.loads(path.read_bytes())["signed"]["version"]
        return found

    def version(self, role):
        return self.trusted().get(role)

    def files(self):
        return len(list(self.metadata.glob("*.json")) + list(self.metadata.glob(".*.json")))

    def got(self):
        return sorted(path.read_bytes() for path in self.targets.rglob("*") if path.is_file())


def same(found, expected):
    assert found == expected, f"{found!r}, expected {expected!r}"
