"""From chosen to read by everybody: collections, proofs, the public site, publicity."""
