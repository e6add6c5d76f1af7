"""Runs all checks; prints one line for each and at the end "N passed, N failed"."""

import sys
import tempfile
import traceback

from checks import all_checks


def main():
    passed = failed = 0
    for title, check in all_checks():
        with tempfile.TemporaryDirectory(prefix="stockpot-interop-") as folder:
            try:
                check(folder)
            except Exception as error:  # a check that breaks is a check that fails
                failed += 1
                print(f"FAIL {title}: {error}", flush=True)
                if not isinstance(error, AssertionError):
                    traceback.print_exc()
            else:
                passed += 1
                print(f"ok   {title}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
