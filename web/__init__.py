"""Shows it: screens, one file per noun, in Chinese and English."""
