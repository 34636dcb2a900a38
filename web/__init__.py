"""Shows it: screens, one file per noun, in Chinese and English."""

from workflow import late

late.install()
