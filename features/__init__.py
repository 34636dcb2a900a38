"""The demands as examples, in Chinese; steps in `steps`, run by tests/test_features.py under any call."""
