# SPDX-License-Identifier: Apache-2.0
"""Where things lie in the clone. Imports nothing of the project."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "bundle" / "locks"
VENVS = ROOT / ".venvs"
WHEELS = VENVS / "wheels"
DIST = ROOT / "dist"
ARCHIVE = DIST / "ovirt-cert-recovery.pyz"
