"""What a call may demand: functions on facts. No query, no clock, no library."""
