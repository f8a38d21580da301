from __future__ import annotations

import optuna
import optunahub


perceiver_mnist = optunahub.load_module("benchmarks/perceiver_mnist")
problem = perceiver_mnist.Problem(preset="small", mode="table")

study = optuna.create_study(directions=problem.directions)
study.optimize(problem, n_trials=30)

best = study.best_trial
print(f"Loss {best.value:.3f} (median over seeds: {best.user_attrs['expected_loss']:.3f})")
print(
    f"{best.params}, {best.user_attrs['seconds']:.2f} s, diverged: {best.user_attrs['diverged']}"
)
