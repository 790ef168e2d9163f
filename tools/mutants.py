#!/usr/bin/env python3
"""Says how many mutants of the code the tests killed, by group of classes, from the reports of ./mvnw test -Dpitest=MODULE.

With -v also names those that survived. Ends with 1 if a group is below 80 %.
"""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

GROUPS = {
    "line": ("versioning", r"Line|Groups|VersionForest|Overlay"),
    "merge": ("engine", r"Merge|MergePolicy|LoserTree|ArrayWriter|RankMap|IndexTree|DirectoryBuilder"),
    "log": ("extents", r"Log\w*|GroupBuffer|SegmentFiles"),
    "manifest": ("extents", r"Manifest\w*"),
}
LEAST = 80


def main():
    root = Path(__file__).resolve().parent.parent
    below = False
    for group, (module, names) in GROUPS.items():
        report = root / module / "target" / "pit-reports" / "mutations.xml"
        if not report.exists():
            print(f"mutants: group={group} not run")
            continue
        total = killed = timed_out = 0
        for mutant in xml.parse(report).getroot():
            name = mutant.findtext("mutatedClass").rsplit(".", 1)[1].split("$")[0]
            if not re.fullmatch(names, name):
                continue
            total += 1
            status = mutant.get("status")
            if mutant.get("detected") == "true":
                killed += 1
                timed_out += status == "TIMED_OUT"
            elif "-v" in sys.argv:
                print(f"  {name}:{mutant.findtext('lineNumber')} {status}: {mutant.findtext('description')}")
        percent = 100 * killed // max(total, 1)
        below |= percent < LEAST
        print(f"mutants: group={group} total={total} killed={killed} timed-out={timed_out} percent={percent}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
