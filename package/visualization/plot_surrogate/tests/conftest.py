from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Make the package's marker known also where its folder is copied to."""
    config.addinivalue_line("markers", "slow: takes seconds")
