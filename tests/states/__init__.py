"""Tests of lifecycles, roles and reach, without any database."""
