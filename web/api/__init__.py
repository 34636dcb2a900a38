"""What the screens show and do, for programs: JSON at /api/v1, by the same verbs; one file for each noun."""
