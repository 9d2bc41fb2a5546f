"""Notebook 10's explorer in the browser; tests/browser/test_monitoring.py takes these as tests."""

from course_lib import explore
from course_lib.monitor import Curve
from tests.browser.page import expect_shown, wait_for

RUNS = "explore.runs("
# Curves that the page and the test share, so that every caption and picture can be foretold. The
# smoothed end of "late" is not the lowest, its true one is; a log scale cannot show "below".
EPOCHS = [1, 2, 3, 4, 5]
CURVES = {
    "early": {
        "epoch/valid_loss": [4.0, 2.0, 1.0, 1.0, 1.0],
        "train/loss": [2.0, 1.0, 0.5, 0.5, 0.5],
    },
    "late": {
        "epoch/valid_loss": [4.0, 4.0, 4.0, 3.0, 0.5],
        "train/loss": [2.0, 4.0, 8.0, 16.0, 1e6],
    },
    "below": {
        "epoch/valid_loss": [3.0, 3.0, 2.0, 2.0, 2.0],
        "train/loss": [0.5, 0.25, 0.0, -0.5, -1.0],
    },
}
SOURCE = f"""from course_lib.monitor import Curve

curves = {CURVES}
explore.runs(
    {{
        run: {{name: Curve({EPOCHS}, values) for name, values in named.items()}}
        for run, named in curves.items()
    }}
)"""


def here():
    """The explorer of SOURCE, in this process."""
    return explore.runs(
        {
            run: {name: Curve(EPOCHS, values) for name, values in named.items()}
            for run, named in CURVES.items()
        }
    )


def own_runs_are_smoothed(notebook):
    """The notebook's own runs; its numbers are not known here."""
    live = notebook.explorer(RUNS)
    caption, picture = live.caption(), live.picture()
    assert "Last values: " in caption
    assert live.press("smoothing, %", "End") == 99
    wait_for(lambda: "weighs 0.99 times" in live.caption(), True, live.page)
    wait_for(lambda: live.picture() not in (b"", picture), True, live.page)
    assert live.press("smoothing, %", "Home") == 0
    wait_for(live.caption, caption, live.page)
    wait_for(live.picture, picture, live.page)
    picture = live.picture()
    assert live.toggle("log scale") is True
    wait_for(lambda: live.picture() not in (b"", picture), True, live.page)
    assert notebook.errors() == []


def curves_smoothing_and_scale_are_followed(notebook):
    explorer, settings = here(), {}
    label = {key: control.label for key, control in explorer.controls.items()}
    notebook.run(RUNS, SOURCE)
    live = notebook.explorer(RUNS)
    expect_shown(live, explorer.view())
    assert live.press(label["smoothing"], "ArrowRight") == 1
    expect_shown(live, explorer.view(smoothing=1))
    assert live.press(label["smoothing"], "End") == 99
    settings["smoothing"] = 99
    expect_shown(live, explorer.view(**settings))
    assert "Smoothing changes which run is lowest" in live.caption()
    live.choose(label["curve"], "train/loss")
    settings["curve"] = "train/loss"
    expect_shown(live, explorer.view(**settings))
    assert live.toggle(label["log"]) is True
    settings["log"] = True
    expect_shown(live, explorer.view(**settings))
    assert "A log scale cannot show ≈ 3 values" in live.caption()
    assert notebook.errors() == []
