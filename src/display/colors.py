"""The tones of statuses and classes. `display.css` gives each tone its color, in light and in dark.

A tone never stands alone: a status is always written out, and a class also has a marker. The tones differ in
lightness as well as in hue, so that people with any color vision can tell them from each other.
"""

GOOD, BUSY, ATTENTION, BAD, QUIET = "good", "busy", "attention", "bad", "quiet"
CLASS_TONES = 8

STATUSES = {
    # training, processing, transform and tuning jobs
    "Completed": GOOD,
    "InProgress": BUSY,
    "Stopping": BUSY,
    "Stopped": QUIET,
    "Failed": BAD,
    # endpoints
    "InService": GOOD,
    "Creating": BUSY,
    "Updating": BUSY,
    "SystemUpdating": BUSY,
    "RollingBack": ATTENTION,
    "UpdateRollbackFailed": BAD,
    "OutOfService": QUIET,
    "Deleting": BUSY,
    # executions and their states
    "SUCCEEDED": GOOD,
    "RUNNING": BUSY,
    "FAILED": BAD,
    "TIMED_OUT": BAD,
    "ABORTED": QUIET,
    "PENDING_REDRIVE": ATTENTION,
    "CAUGHT": ATTENTION,
    # an execution of the workflow that left its image to a person; Step Functions calls it FAILED
    "NEEDS_REVIEW": ATTENTION,
    # model packages
    "Approved": GOOD,
    "Rejected": BAD,
    "PendingManualApproval": ATTENTION,
    # pipelines and their steps
    "Starting": BUSY,
    "Executing": BUSY,
    "Succeeded": GOOD,
    # monitoring
    "Scheduled": GOOD,
    "Pending": BUSY,
    "CompletedWithViolations": ATTENTION,
    "Nothing compared": QUIET,
    # alarms
    "OK": GOOD,
    "ALARM": BAD,
    "INSUFFICIENT_DATA": QUIET,
}

MARKERS = ("circle", "square", "triangle", "diamond", "cross", "star", "ring", "bar")


def status_tone(status: str) -> str:
    """Return the tone of a status; quiet if it is unknown."""
    return STATUSES.get(status, QUIET)


def class_tone(index: int) -> str:
    """Return the tone of a class, by its place among the classes; tones repeat after eight classes."""
    return f"class-{index % CLASS_TONES}"


def marker_path(index: int, x: float, y: float, radius: float) -> str:
    """Return the path of the class's marker, centered at x, y."""
    r = radius
    shapes = {
        "circle": f"m{-r},0a{r},{r} 0 1,0 {2 * r},0a{r},{r} 0 1,0 {-2 * r},0z",
        "square": f"m{-r},{-r}h{2 * r}v{2 * r}h{-2 * r}z",
        "triangle": f"m0,{-1.2 * r}l{1.2 * r},{2.2 * r}h{-2.4 * r}z",
        "diamond": f"m0,{-1.3 * r}l{1.2 * r},{1.3 * r}l{-1.2 * r},{1.3 * r}l{-1.2 * r},{-1.3 * r}z",
        "cross": f"m{-r},{-r / 3}h{2 * r / 3}v{-2 * r / 3}h{2 * r / 3}v{2 * r / 3}h{2 * r / 3}v{2 * r / 3}h{-2 * r / 3}"
        f"v{2 * r / 3}h{-2 * r / 3}v{-2 * r / 3}h{-2 * r / 3}z",
        "star": f"m0,{-1.3 * r}l{0.4 * r},{0.9 * r}l{0.9 * r},{0.4 * r}l{-0.9 * r},{0.4 * r}l{-0.4 * r},{0.9 * r}"
        f"l{-0.4 * r},{-0.9 * r}l{-0.9 * r},{-0.4 * r}l{0.9 * r},{-0.4 * r}z",
        "ring": f"m{-r},0a{r},{r} 0 1,0 {2 * r},0a{r},{r} 0 1,0 {-2 * r},0zm{r / 2},0a{r / 2},{r / 2} 0 1,1 {r},0"
        f"a{r / 2},{r / 2} 0 1,1 {-r},0z",
        "bar": f"m{-1.2 * r},{-r / 2}h{2.4 * r}v{r}h{-2.4 * r}z",
    }
    return f"M{x:.1f},{y:.1f}" + shapes[MARKERS[index % len(MARKERS)]]
