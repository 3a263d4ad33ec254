#!/usr/bin/python3
"""Runs the tests of the Python module beside it, and tells of each in a line of JSON: run.py [NAME...]

`./test` runs it (PythonModuleTests); alone, after scripts/build-python: python3 python/tests/run.py
"""
import json
import os
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The processes that tests start find the module, too.
PLACES = [str(HERE.parent), str(HERE)]
os.environ["PYTHONPATH"] = os.pathsep.join(PLACES)
sys.path[:0] = PLACES


class Told(unittest.TestResult):
    """A line for each test: its name, how it went, what it said, and how long it took."""

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.began, self.outcome, self.words = time.monotonic(), "passed", ""

    def stopTest(self, test: unittest.TestCase) -> None:
        name = ".".join(test.id().split(".")[-3:])
        print(json.dumps({"test": name, "outcome": self.outcome, "message": self.words, "seconds": round(time.monotonic() - self.began, 3)}), flush=True)
        super().stopTest(test)

    def _failed(self, test: unittest.TestCase, error) -> None:
        self.outcome, self.words = "failed", self._exc_info_to_string(error, test)

    def addFailure(self, test, err) -> None:
        super().addFailure(test, err)
        self._failed(test, err)

    def addError(self, test, err) -> None:
        super().addError(test, err)
        if isinstance(test, unittest.TestCase):
            self._failed(test, err)
        else:
            # A class or module that could not be set up has no test of its own.
            print(json.dumps({"test": test.id(), "outcome": "failed", "message": self._exc_info_to_string(err, test), "seconds": 0}), flush=True)

    def addSkip(self, test, reason) -> None:
        super().addSkip(test, reason)
        self.outcome, self.words = "skipped", reason


def main(names) -> int:
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE), "test_*.py", str(HERE))
    result = Told()
    suite.run(result)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
