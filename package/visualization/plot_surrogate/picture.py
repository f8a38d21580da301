"""Draw the picture of this package's page: thirty logged trials of another sampler, as pairs.

    python -m package.visualization.plot_surrogate.picture

Needs kaleido, Pillow and a Chrome or Chromium, which plotly makes pictures with, and the sampler's
package beside this one, whose example has the trials.
"""

from __future__ import annotations

import io
from pathlib import Path
import runpy

import optuna
from PIL import Image

from .pairs import plot_posterior_pairs


_HERE = Path(__file__).parent
_EXAMPLE = _HERE.parents[1] / "samplers" / "lattice_gp" / "examples" / "continue_a_study.py"


def main() -> None:
    """Write ``images/pairs.png``."""
    load_study = runpy.run_path(str(_EXAMPLE))["load_study"]
    study = load_study(optuna.samplers.TPESampler(seed=0))
    figure = plot_posterior_pairs(study, target_name="Loss")
    figure.update_layout(template="plotly_white", width=1020, height=940)
    image = Image.open(io.BytesIO(figure.to_image("png")))
    # A page of the registry should be light: a palette takes a third of the bytes.
    palette = image.convert("RGB").quantize(255, method=Image.Quantize.MAXCOVERAGE)
    palette.save(_HERE / "images" / "pairs.png", optimize=True)


if __name__ == "__main__":
    main()
