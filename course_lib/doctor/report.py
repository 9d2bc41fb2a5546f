"""What the doctor says: findings, and the report that holds them."""

from dataclasses import dataclass

from course_lib._panel import Panel, Row

FAULT, ADVICE = "fault", "advice"


@dataclass(frozen=True)
class Finding:
    """One root cause.

    Arguments:
        name      stable, such as "no-zero-grad"
        severity  "fault": the training is ill; "advice": it may be meant so
        seen      what was measured in this training
        why       why it matters
        fix       what to do
        code      the line to write
        section   where the course teaches it

    Built in notebooks/12_debugging_clinic.ipynb.
    """

    name: str
    severity: str
    seen: str
    why: str = ""
    fix: str = ""
    code: str = ""
    section: str = ""

    def rows(self) -> tuple[Row, ...]:
        said = (
            Row(f"{self.name} ({self.severity})", mark="no" if self.severity == FAULT else ""),
            Row(self.seen, label="seen"),
            Row(self.why, label="why"),
            Row(self.fix, label="do"),
            Row(self.code, label="code", code=True),
            Row(self.section, label="taught in"),
        )
        return tuple(row for row in said if row.text)


@dataclass(frozen=True)
class Report:
    """What an examination found: the faults first, then advice.

    `healthy` is True where no finding is a fault. `looked_at` says what was tried, and
    `left_out` what could not be examined, and why. Shows as text or as HTML.

    Built in notebooks/12_debugging_clinic.ipynb.
    """

    findings: tuple[Finding, ...] = ()
    looked_at: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        return all(finding.severity != FAULT for finding in self.findings)

    def _panel(self) -> Panel:
        rows = [row for finding in self.findings for row in finding.rows()]
        rows += [Row(self.looked_at)] if self.looked_at else []
        rows += [Row(f"Not examined: {reason}") for reason in self.left_out]
        faults = sum(finding.severity == FAULT for finding in self.findings)
        advice = len(self.findings) - faults
        counted = [_count(faults, "fault")] if faults else []
        counted += [f"{advice} advice"] if advice else []
        counted = counted or ["no finding"]
        counted += [f"{len(self.left_out)} not examined"] if self.left_out else []
        tone = "good" if not self.findings else "open" if self.healthy else "bad"
        return Panel(f"doctor · {', '.join(counted)}", tuple(rows), tone)

    def __str__(self) -> str:
        return self._panel().plain()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self._panel()._repr_mimebundle_(include, exclude)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
