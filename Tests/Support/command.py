"""The `quiver` executable, run to its end or started to be interrupted."""

import json
import subprocess

from quiver_server import find_binary


class Ended:
    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    @property
    def events(self):
        """What `--json` told."""
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name):
        return [event for event in self.events if event["event"] == name]

    def __str__(self):
        return f"quiver {' '.join(self.arguments)} ended with {self.code}\n{self.out}\n{self.err}"


class Command:
    def __init__(self, environment):
        self.environment = environment

    def start(self, *arguments):
        return subprocess.Popen(
            [str(find_binary()), *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ended(self, process, timeout_seconds=120):
        try:
            out, err = process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{process.args} did not end in {timeout_seconds} s\n{out}\n{err}") from None
        return Ended(process.args[1:], process.returncode, out, err)

    def __call__(self, *arguments, code=0, timeout_seconds=120):
        """Runs it to the end, which has to be with that exit code; None: any."""
        ended = self.ended(self.start(*arguments), timeout_seconds)
        assert code is None or ended.code == code, f"{ended}\nexpected the exit code {code}"
        return ended
