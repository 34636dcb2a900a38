"""From submitted to chosen: judges and what they read and score, what it comes to, and the decisions of the office."""
