"""Proof before a call opens: every state, step, role, phase and what guards may say, and what is promised of them."""

from workflow.proof.proving import Proof, prove

__all__ = ["Proof", "prove"]
