"""What may happen, who may do it, and who reaches what: lifecycles as data."""
