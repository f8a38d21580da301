"""Kill a study with ``kill -9`` in the middle, run the same command again, and compare.

Needs: pip install optuna optunahub "scipy>=1.15". Takes half a minute.

One study runs undisturbed. A second one, of the same seed, is killed in the middle of a trial and
continued by the command that started it: it ends with the same trials, number for number. That
takes three things: a storage, ``load_if_exists=True`` and a fixed seed.

Try it by hand: kill this in any way, as often as you like, and start it again:

    python resume.py --storage sqlite:///resume.db

On Linux the sampler sees that a trial's process is gone and takes the trial for one that was never
started. Elsewhere, or if the process died in the milliseconds in which Optuna creates a trial, the
trial counts as still running: the study continues too, but with other trials.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any


try:
    import optuna
    from optuna.trial import TrialState
    import optunahub
except ImportError as error:
    sys.exit(f'{error}. This example needs: pip install optuna optunahub "scipy>=1.15"')


def positive(text: str) -> int:
    """An argument that counts something."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return int(text)


def duration(text: str) -> float:
    """An argument in seconds."""
    if not 0.0 <= float(text) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return float(text)


def train(depth: int, units: int, learning_rate: float, seconds: float) -> float:
    """Stands for the training of a network: takes a while and returns its loss."""
    time.sleep(seconds)
    valley = math.log10(learning_rate * depth / 2e-3)
    return 0.25 + 0.002 * (depth - 5) ** 2 + 0.001 * (units / 64 - 4) ** 2 + 0.05 * valley**2


def open_study(storage: str) -> optuna.Study:
    """Create the study, or load it if it is there."""
    module = optunahub.load_module("samplers/lattice_gp")
    try:
        return optuna.create_study(
            storage=storage,
            study_name="resume",
            load_if_exists=True,
            sampler=module.LatticeGPSampler(seed=0),
        )
    except Exception as error:  # of the database's library, or of the file system
        sys.exit(f"--storage {storage}: {str(error).partition(chr(10))[0]}")


def completed(study: optuna.Study) -> list[tuple[dict[str, Any], float]]:
    """What came out so far; a trial that was cut off has no value."""
    return [(t.params, t.values[0]) for t in study.get_trials(states=[TrialState.COMPLETE])]


class CtrlC:
    """A callback that ends the study after the trial in which Ctrl-C was pressed.

    Optuna would count that trial as failed. Pressed again, Ctrl-C kills the process, which here
    does no harm.
    """

    def __init__(self) -> None:
        self.is_pressed = False
        signal.signal(signal.SIGINT, self.press)

    def press(self, *_: object) -> None:
        self.is_pressed = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        print("interrupted: ends with this trial; the same command continues", flush=True)

    def __call__(self, study: optuna.Study, _: optuna.trial.FrozenTrial) -> None:
        if self.is_pressed:
            study.stop()


def tune(storage: str, n_trials: int, seconds: float) -> None:
    """Run the study until it has so many completed trials, whatever is there already."""

    def objective(trial: optuna.Trial) -> float:
        depth = trial.suggest_int("depth", 2, 8)
        units = trial.suggest_int("units", 128, 512, step=64)
        learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
        return train(depth, units, learning_rate, seconds)

    study = open_study(storage)
    n_done = len(completed(study))
    print(f"{n_done} trials are there, {max(0, n_trials - n_done)} to go", flush=True)
    study.optimize(objective, n_trials=max(0, n_trials - n_done), callbacks=[CtrlC()])
    done = completed(study)
    if done:
        params, loss = min(done, key=lambda result: result[1])
        print(f"best of {len(done)} trials: {loss:.5f} {params}")


def is_in_the_middle(study: optuna.Study, number: int) -> bool:
    """Whether trial ``number`` has its parameters and no result."""
    trials = study.get_trials(deepcopy=False)
    return len(trials) > number and len(trials[number].params) == 3


def demonstrate(folder: Path, n_trials: int, seconds: float) -> bool:
    """Run one study undisturbed and one that is killed; returns whether they end alike."""

    def command(storage: str) -> list[str]:
        options = ["--storage", storage, "--trials", str(n_trials), "--seconds", str(seconds)]
        return [sys.executable, __file__, *options]

    undisturbed, killed = (f"sqlite:///{folder / name}.db" for name in ("undisturbed", "killed"))
    studies = [open_study(undisturbed), open_study(killed)]
    print("undisturbed:", flush=True)
    # Sessions of their own: Ctrl-C is answered here alone, and ends both processes.
    subprocess.call(command(undisturbed), start_new_session=True)
    print("to be killed:", flush=True)
    process = subprocess.Popen(command(killed), start_new_session=True)
    try:
        while not is_in_the_middle(studies[1], n_trials // 2) and process.poll() is None:
            time.sleep(seconds / 10)
    finally:
        process.kill()  # SIGKILL: nothing can be saved or tidied up any more
    print(f"killed, exit status {process.wait()}; the same command again:", flush=True)
    subprocess.call(command(killed), start_new_session=True)
    first, second = (completed(study) for study in studies)
    print(f"trials that were cut off: {len(studies[1].trials) - len(second)}")
    print(f"{sum(a == b for a, b in zip(first, second))} of {len(first)} trials are the same")
    return first == second


def main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--storage", help="run or continue the study in this storage, no more")
    parser.add_argument("--trials", type=positive, default=20, help="20 by default")
    parser.add_argument(
        "--seconds", type=duration, default=0.2, help="a trial takes; 0.2 by default"
    )
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if options.storage:
        tune(options.storage, options.trials, options.seconds)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            is_same = demonstrate(Path(folder), options.trials, options.seconds)
        except KeyboardInterrupt:
            sys.exit("interrupted")
    if not is_same and sys.platform == "linux":
        sys.exit("the two studies differ")


if __name__ == "__main__":
    main()
