"""The demo: an invented province beside the real offices, and cases in every state, made only by the verbs."""

from workflow.demo.building import NotEmpty, build

__all__ = ["NotEmpty", "build"]
