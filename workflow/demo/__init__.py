"""The demo: an invented province beside the real offices, and cases in every state, made only by the verbs."""

from workflow.demo.building import NotEmpty, Size, build

__all__ = ["NotEmpty", "Size", "build"]
