"""What the acceptance scripts have in common: running commands, a fresh clone, verdicts, and docs/acceptance.md."""

import datetime
import glob
import os
import re
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = os.path.join(ROOT, "docs/acceptance.md")
RESULTS = []


def say(text):
    print(text, flush=True)


def verdict(line, target, measured, good):
    """Takes note of one check and prints it."""
    RESULTS.append((line, target, measured, good))
    say(f"[{line}] target:   {target}\n    measured: {measured}\n    verdict:  {'holds' if good else 'FAILS'}")


def all_hold():
    """Whether every check so far was passed; says so."""
    good = bool(RESULTS) and all(good for *_, good in RESULTS)
    say("all lines hold" if good else "NOT ALL LINES HOLD")
    return good


def run(command, cwd=None, env=None, log=None):
    """Runs a command; returns its exit code, its standard output, what it said on standard error, and the seconds it took."""
    began = time.time()
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    took = time.time() - began
    if log:
        with open(log, "wb") as file:
            file.write(done.stdout + done.stderr)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"), took


def must(command, **more):
    """Runs a command that must succeed for the check to make sense."""
    code, out, err, took = run(command, **more)
    if code != 0:
        tail = out.decode("utf-8", "replace")[-2000:] + err[-2000:]
        raise SystemExit(f"{' '.join(map(str, command[:6]))} ... ended with {code}:\n{tail}")
    return out, took


def jdk(major):
    """The home of a JDK of that version."""
    for home in [os.environ.get("JAVA_HOME", "")] + sorted(glob.glob("/usr/lib/jvm/*")):
        try:
            with open(os.path.join(home, "release")) as file:
                if f'JAVA_VERSION="{major}' in file.read() and os.path.exists(os.path.join(home, "bin/javac")):
                    return os.path.realpath(home)
        except OSError:
            pass
    raise SystemExit(f"there is no JDK {major} on this machine")


def minutes(seconds):
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def totals(clone):
    """Tests, failures and skipped tests of the reports in a clone."""
    tests = failed = skipped = 0
    for report in glob.glob(os.path.join(clone, "*/target/surefire-reports/TEST-*.xml")):
        with open(report, encoding="utf-8") as file:
            suite = re.search(r"<testsuite\b[^>]*>", file.read()).group(0)
        counts = dict(re.findall(r'\b(tests|errors|failures|skipped)="(\d+)"', suite))
        tests += int(counts["tests"])
        failed += int(counts["errors"]) + int(counts["failures"])
        skipped += int(counts["skipped"])
    return tests, failed, skipped


def commit():
    return must(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"])[0].decode().strip()


# What is looked at: somebody may commit while that goes on.
LOOKED_AT = commit()


def clone_to(folder):
    must(["git", "clone", "-q", "file://" + ROOT, folder])
    return folder


def built(work):
    """A fresh clone that has been built."""
    clone = os.path.join(work, "donjon")
    if not os.path.exists(clone):
        clone_to(clone)
        must(["./donjon", "--version"], cwd=clone)
    return clone


def java17():
    return {**os.environ, "JAVA_HOME": jdk(17)}


def maven_test(work, module, test, **properties):
    """Runs tests of one module with flags, as CONTRIBUTING says; returns the exit code, the output and the seconds."""
    flags = [f"-D{name.replace('_', '.')}={value}" for name, value in properties.items()]
    clone = built(work)
    began = time.time()
    code, out, err, took = run(
        ["./mvnw", "-B", "-ntp", "test", "-pl", module, "-am", f"-Dtest={test}", "-Dsurefire.failIfNoSpecifiedTests=false"]
        + flags, clone, java17())
    text = out.decode("utf-8", "replace") + err
    for said in glob.glob(os.path.join(clone, module, "target/surefire-reports/*-output.txt")):
        if os.path.getmtime(said) >= began:
            with open(said, encoding="utf-8", errors="replace") as file:
                text += file.read()
    return code, text, took


def tail(text, good):
    """What to show of the output of something that failed."""
    return "" if good else "; " + " / ".join(re.findall(r"^\[ERROR\] (.*)$", text, re.M)[:3])[-400:]


def closing(text, name):
    """The last line that says `NAME: key=number ...`, as numbers by key, whole or not; empty if there is none."""
    found = re.findall(rf"\b{name}: ((?:[\w.-]+=\d+(?:\.\d+)? ?)+)", text)
    pairs = re.findall(r"([\w.-]+)=([\d.]+)", found[-1]) if found else []
    return {key: float(value) if "." in value else int(value) for key, value in pairs}


class KillTest:
    """A `donjon kill-test` that runs: what it says, and the means to kill it."""

    def __init__(self, donjon, store, journal, seed, *more, memory="16m"):
        self.process = subprocess.Popen(
            [donjon, "kill-test", store, "--journal", journal, "--seed", str(seed), "--memory", memory, *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = []

    def hear(self):
        """The next line that it says; empty if it has ended."""
        line = self.process.stdout.readline().decode("utf-8", "replace").strip()
        self.said.append(line)
        return line

    def await_line(self, *starts):
        """Goes on to a line that begins in one of these ways; empty if it ends before."""
        for line in iter(self.hear, ""):
            if line.startswith(starts):
                return line
        return ""

    def tell(self, word):
        try:
            self.process.stdin.write(word.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: what it said last is heard by who waits for the answer

    def kill(self):
        """Kills it; whether it was still running."""
        running = self.process.poll() is None
        if running:
            self.process.send_signal(signal.SIGKILL)
        self.rest()
        return running

    def rest(self):
        """All that it said, when it has ended."""
        if not self.process.stdout.closed:
            for _ in iter(self.hear, ""):
                pass
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
        return "\n".join(line for line in self.said if line)


def machine():
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) >> 20
    return f"{os.cpu_count()} cores, {memory} GiB, {os.uname().sysname} {os.uname().release}"


def document(title, script, all_lines, lines, details=None):
    """
    Puts the results into the script's section of docs/acceptance.md. Of other sections, and of lines that were not looked at,
    it keeps what is there. Details are texts below the table, by line.
    """
    sections = {}
    if os.path.exists(DOCUMENT):
        with open(DOCUMENT, encoding="utf-8") as file:
            for section in re.split(r"^## ", file.read(), flags=re.M)[1:]:
                name, _, text = section.partition("\n")
                sections[name] = text.strip()
    old = sections.get(title, "")
    rows = [row for row in re.findall(r"^\| [0-9].*$", old.split("### ")[0], re.M) if line_of(row) not in lines]
    texts = {int(text.split(":")[0].removeprefix("Line ")): text.strip() for text in old.split("### ")[1:]}
    texts = {line: text for line, text in texts.items() if str(line) not in lines}
    for line, text in (details or {}).items():
        texts[int(line)] = f"Line {line}: {text.strip()}"
    for line, target, measured, good in RESULTS:
        cells = [cell.replace("|", "\\|").replace("\n", " ") for cell in (line, target, measured)]
        rows.append(f"| {' | '.join(cells)} | {'holds' if good else '**fails**'} | {LOOKED_AT} |")
    rows.sort(key=lambda row: int(line_of(row)))
    holds = all("| holds |" in row for row in rows) and {line_of(row) for row in rows} == set(all_lines)
    sections[title] = "\n".join(
        [
            f"What `acceptance/{script}` said last, {datetime.date.today().isoformat()}, on {machine()}. "
            + ("Every line holds." if holds else "**Not every line holds.**"),
            "",
            "| line | target | measured | verdict | commit |",
            "|---|---|---|---|---|",
        ]
        + rows
        + [part for line in sorted(texts) for part in ("", "### " + texts[line])]
    )
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write("# Acceptance\n" + "".join(f"\n## {name}\n\n{text}\n" for name, text in sections.items()))


def line_of(row):
    """The number of the line that a row of the table belongs to."""
    return re.match(r"\| (\d+)", row).group(1)
