"""Hostile PDFs are read in worker processes that can do nothing but compute (design.md, section 7).

``SandboxPool`` keeps warm workers of one kind and runs tasks in them; ``InProcess`` runs them here. Both are a
``Runner``.
"""

from esign.pdf.sandbox.patience import Patient
from esign.pdf.sandbox.pool import PoolStats, SandboxPool
from esign.pdf.sandbox.runner import InProcess, Runner
from esign.pdf.sandbox.walls import Walls
from esign.pdf.sandbox.wire import Header, JsonValue

__all__ = ["Header", "InProcess", "JsonValue", "Patient", "PoolStats", "Runner", "SandboxPool", "Walls"]
