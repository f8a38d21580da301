"""Let many processes tune together, kill one of them, and count the points they evaluated.

Needs: pip install optuna optunahub "scipy>=1.15". Takes some fifteen seconds.

Workers share nothing but the storage. Each makes a sampler of its own (one that was pickled would
not load in another process) of the same seed. No two of them evaluate the same point, although all
points lie on a lattice and all suggestions come from one model. In the middle, a worker is killed
with SIGKILL and started again. That does no harm: its trial counts as one that was never started,
so that its point is open to others.

The storage is a journal file by default, which many processes can write to at once, also over NFS.
With a database, workers of many machines take part by the same command:

    python many_workers.py --storage postgresql+psycopg://user:password@host/database

A heartbeat then tells of killed workers also to other machines.
"""

from __future__ import annotations

import argparse
from collections import Counter
import math
import multiprocessing
from multiprocessing.context import SpawnProcess
import os
from pathlib import Path
import signal
import sys
import tempfile
import time


try:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages import RDBStorage
    from optuna.storages.journal import JournalFileBackend
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


def open_study(storage: str) -> optuna.Study:
    """Create the study in a database (a URL) or a journal file (a path), or load it."""
    module = optunahub.load_module("samplers/lattice_gp")
    try:
        return optuna.create_study(
            storage=RDBStorage(storage, heartbeat_interval=10)
            if "://" in storage
            else JournalStorage(JournalFileBackend(storage)),
            study_name="many_workers",
            load_if_exists=True,
            sampler=module.LatticeGPSampler(seed=0),
        )
    except Exception as error:  # of the database's library, or of the file system
        sys.exit(f"--storage {storage}: {str(error).partition(chr(10))[0]}")


def work(storage: str, n_trials: int, seconds: float) -> None:
    """What each worker does: run trials until all workers together have completed enough."""
    # Ctrl-C reaches all processes of a terminal; the parent alone shall answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: optuna.Trial) -> float:
        depth = trial.suggest_int("depth", 2, 8)
        units = trial.suggest_int("units", 128, 512, step=64)
        batch_size = trial.suggest_int("batch_size", 32, 128, log=True)
        trial.set_user_attr("pid", os.getpid())
        time.sleep(seconds)  # stands for training
        loss = 0.002 * (depth - 5) ** 2 + 0.001 * (units / 64 - 4) ** 2
        return 0.25 + loss + 0.01 * math.log2(batch_size / 60) ** 2

    is_enough = optuna.study.MaxTrialsCallback(n_trials, states=(TrialState.COMPLETE,))
    study = open_study(storage)
    # The callback is asked after a trial only.
    if len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])) < n_trials:
        study.optimize(objective, callbacks=[is_enough])


def supervise(options: argparse.Namespace, study: optuna.Study) -> None:
    """Start the workers, kill one when half is done, and start again whichever ends too early."""

    def start() -> SpawnProcess:
        arguments = (options.storage, options.trials, options.seconds)
        worker = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
        # Deaf to Ctrl-C from the start: it takes a worker seconds to get as far as work.
        answer = signal.signal(signal.SIGINT, signal.SIG_IGN)
        worker.start()
        signal.signal(signal.SIGINT, answer)
        return worker

    workers = [start() for _ in range(options.workers)]
    n_to_kill, n_restarts = options.kill, 0
    try:
        while any(worker.is_alive() for worker in workers):
            time.sleep(0.05)
            trials = study.get_trials(deepcopy=False)
            n_done = sum(trial.state == TrialState.COMPLETE for trial in trials)
            is_busy = any(
                trial.state == TrialState.RUNNING
                and trial.user_attrs.get("pid") == workers[-1].pid
                for trial in trials
            )
            if n_to_kill and is_busy and n_done >= options.trials // 2:
                print(f"killing worker {workers[-1].pid} after {n_done} trials", flush=True)
                workers[-1].kill()
                workers[-1].join()
                n_to_kill -= 1
            for i, worker in enumerate(workers):
                if worker.exitcode and n_done < options.trials and n_restarts < 10:
                    workers[i] = start()
                    n_restarts += 1
                    print(f"worker {workers[i].pid} takes the place of {worker.pid}", flush=True)
    except KeyboardInterrupt:
        print("interrupted; the same command with --storage continues")
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def report(study: optuna.Study) -> None:
    """Who evaluated what."""
    trials = study.get_trials(states=[TrialState.COMPLETE])
    n_each = Counter(trial.user_attrs["pid"] for trial in trials)
    for pid, n in sorted(n_each.items()):
        print(f"worker {pid}: {n} trials")
    n_points = len({tuple(trial.params.values()) for trial in trials})
    n_cut_off = len(study.trials) - len(trials)
    print(f"{len(trials)} trials completed, {n_points} different points, {n_cut_off} cut off")
    if trials:
        print(f"best: {study.best_value:.4f} {study.best_params}")


def main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--storage", help="URL or journal file; by default a temporary file")
    parser.add_argument("--workers", type=positive, default=3, help="3 by default")
    parser.add_argument("--trials", type=positive, default=45, help="of all; 45 by default")
    parser.add_argument(
        "--seconds", type=duration, default=0.3, help="a trial takes; 0.3 by default"
    )
    parser.add_argument("--kill", type=int, choices=[0, 1], default=1, help="workers to kill")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        options.storage = options.storage or str(Path(folder) / "workers.log")
        # Before the workers do: the first use of a hub package downloads it.
        study = open_study(options.storage)
        supervise(options, study)
        report(study)


if __name__ == "__main__":
    main()
